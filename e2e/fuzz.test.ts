import { sandboxClock } from '@paceline/launcher';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzMessages } from './fuzz-messages.ts';
import { startTestStack, type TestStack } from './stack.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack(sandboxClock(Date.now(), 60));
});
afterAll(() => stack?.stop());

describe('messages that break their contract', () => {
  it('end no process, are set aside with a reason, and keep no good one from being handled', async () => {
    const { sent, badWork, deadLetters, lost, crashed } = await fuzzMessages(stack, 12, 1);
    expect(Object.keys(sent).length).toBeGreaterThan(25);
    expect(badWork).toBeGreaterThan(30);
    expect({ deadLetters, lost, crashed }).toEqual({ deadLetters: badWork, lost: 0, crashed: [] });
  });
});
