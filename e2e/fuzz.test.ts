import { badWorkOf, exitedSince, fuzzMessages } from '@paceline/fuzz/messages';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack(oneEvening(60));
});
afterAll(() => stack?.stop());

describe('malformed messages', () => {
  it('crash no process, are dead-lettered with a reason, and do not block valid ones', async () => {
    const crashed = exitedSince(stack);
    const { subjects, deadLetters, unread, lost } = await fuzzMessages(stack, 12, 1);
    expect(subjects.length).toBeGreaterThan(25);
    expect(badWorkOf(subjects)).toBeGreaterThan(30);
    expect({ deadLetters, unread, lost, crashed: crashed() }).toEqual({
      deadLetters: badWorkOf(subjects),
      unread: 0,
      lost: 0,
      crashed: [],
    });
  });
});
