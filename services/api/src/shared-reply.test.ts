import { createVirtualClock } from '@paceline/shared/clock';
import { describe, expect, it } from 'vitest';
import { sharedReply } from './shared-reply.ts';

/** Replies 1, 2, …; with a delay, each after that many machine ms. */
function numbered(options: Parameters<typeof sharedReply>[2], delayMs = 0) {
  const clock = createVirtualClock();
  let asked = 0;
  const ask = async () => {
    const number = (asked += 1);
    if (delayMs > 0) await clock.sleep(delayMs, new AbortController().signal);
    return number;
  };
  return { clock, reply: sharedReply(ask, clock.machine, options) };
}

describe('a shared reply', () => {
  it('is asked for again once it is older than it is shared', async () => {
    const { clock, reply } = numbered({ maxWaitMs: 500, sharedForMs: 100 });
    expect(await Promise.all([reply(), reply()])).toEqual([1, 1]);
    await clock.advance(99);
    expect(await reply()).toBe(1);
    await clock.advance(1);
    expect(await reply()).toBe(2);
  });

  it('serves callers while a new one is asked for, as long as it is kept', async () => {
    const { clock, reply } = numbered({ maxWaitMs: 500, sharedForMs: 100, keptForMs: 1_000 });
    expect(await reply()).toBe(1);
    await clock.advance(100);
    expect(await reply()).toBe(1);
    expect(await reply()).toBe(2);
    await clock.advance(1_000);
    expect(await reply()).toBe(3);
  });

  it('is undefined for a caller that would have to wait too long', async () => {
    const { clock, reply } = numbered({ maxWaitMs: 500, sharedForMs: 100 }, 600);
    const waiting = reply();
    await clock.advance(500);
    expect(await waiting).toBeUndefined();
    await clock.advance(100);
    expect(await reply()).toBe(1);
  });

  it('is asked for again after a failure', async () => {
    const { machine } = createVirtualClock();
    let asked = 0;
    const ask = async () => {
      asked += 1;
      if (asked === 1) throw new Error('no answer');
      return asked;
    };
    const reply = sharedReply(ask, machine, { maxWaitMs: 500, sharedForMs: 100 });
    expect(await reply()).toBeUndefined();
    expect(await reply()).toBe(2);
  });
});
