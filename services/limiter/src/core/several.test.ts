import { describe, expect, it } from 'vitest';
import { createTestLimiter, settings, withSeveral } from './testing.ts';
import { windows } from './views.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Reads count in all three budgets, uploads in two of them. */
const using = withSeveral(
  {
    all: { policy: { limit: 4, windowMs: minute } },
    all_hour: { policy: { limit: 10, windowMs: hour } },
    reads: { policy: { limit: 2, windowMs: minute } },
  },
  { read: ['all', 'all_hour', 'reads'], upload: ['all', 'all_hour'] },
);
const createLimiter = () => createTestLimiter('read', using);
type Limiter = ReturnType<typeof createLimiter>;

const usedOf = (limiter: Limiter) =>
  Object.fromEntries(
    windows(limiter.ledger(), 'team', limiter.now()).windows.map(({ endpoint, permits }) => [
      endpoint,
      permits.length,
    ]),
  );
const upload = { endpoint: 'upload' };

describe('a call that counts in several budgets', () => {
  it('is booked in each of them', () => {
    const limiter = createLimiter();
    limiter.call('a');
    limiter.call('b', upload);
    expect(usedOf(limiter)).toEqual({ all: 2, all_hour: 2, reads: 1 });
    expect(limiter.facts.map((fact) => ('endpoint' in fact ? fact.endpoint : ''))).toEqual([
      'read',
      'read',
      'upload',
      'upload',
    ]);
  });

  it('waits until each of them has room, and is expected then', () => {
    const limiter = createLimiter();
    for (const ticket of ['a', 'b', 'c', 'd']) limiter.call(ticket, upload);
    expect(limiter.acquire('e')).toMatchObject({
      answer: 'waiting',
      budget: 'all',
      estimatedAt: limiter.now() + minute + settings.epsilon,
    });
    expect(usedOf(limiter)).toEqual({ all: 4, all_hour: 4, reads: 0 });
  });

  it('holds a place in each while its permit is granted, until that expires', () => {
    const limiter = createLimiter();
    limiter.acquire('a');
    limiter.acquire('b');
    expect(limiter.acquire('c').answer).toBe('waiting');
    limiter.pass(settings.startWithin);
    expect(limiter.acquire('c').answer).toBe('granted');
  });

  it('gives its places back when it was not sent', () => {
    const limiter = createLimiter();
    const granted = limiter.acquire('a', { start: true });
    if (granted.answer !== 'started') throw new Error('not started');
    limiter.settle(granted.permit, { result: 'not_sent' });
    expect(usedOf(limiter)).toEqual({ all: 0, all_hour: 0, reads: 0 });
  });

  it('counts in each after a restart', () => {
    const limiter = createLimiter();
    limiter.call('a');
    limiter.call('b', upload);
    limiter.crash();
    expect(usedOf(limiter)).toEqual({ all: 2, all_hour: 2, reads: 1 });
  });

  it('pauses each of them after a 429, with one cause', () => {
    const limiter = createLimiter();
    limiter.call('a', {}, { result: 'answered', status: 429, retryAfterMs: minute });
    const { windows: all } = windows(limiter.ledger(), 'team', limiter.now());
    expect(all.map(({ probing }) => probing)).toEqual([true, true, true]);
    expect(new Set(all.map(({ lastRejected }) => lastRejected?.attribution))).toEqual(
      new Set(['foreign_caller']),
    );
    expect(limiter.acquire('b', upload).answer).toBe('waiting');
  });

  it('is ours to have been rejected if our calls fill any of its windows', () => {
    const limiter = createLimiter();
    limiter.call('a');
    limiter.call('b');
    limiter.pass(minute + settings.epsilon);
    const permits = ['c', 'd'].map((ticket) => limiter.acquire(ticket, { start: true }));
    const [, last] = permits;
    if (last?.answer !== 'started') throw new Error('not started');
    limiter.settle(last.permit, { result: 'answered', status: 429 });
    const causes = limiter.facts.flatMap((fact) => (fact.fact === 'rejected' ? [fact.attribution] : []));
    expect(causes).toHaveLength(3);
    expect(new Set(causes).size).toBe(1);
  });
});

describe('a request that needs fewer budgets', () => {
  it('passes earlier ones that wait for another, while there is room for all', () => {
    const limiter = createLimiter();
    limiter.call('a');
    limiter.call('b');
    expect(limiter.acquire('c')).toMatchObject({ answer: 'waiting', position: 1 });
    expect(limiter.acquire('d', upload).answer).toBe('granted');
  });

  it('does not pass one that would start later by it', () => {
    const tight = withSeveral(
      {
        all: { policy: { limit: 2, windowMs: hour } },
        reads: { policy: { limit: 1, windowMs: minute } },
      },
      { read: ['all', 'reads'], upload: ['all'] },
    );
    const limiter = createTestLimiter('read', tight);
    limiter.call('a');
    const { requestedAt } = { requestedAt: limiter.now() };
    limiter.acquire('b');
    // The last place of the hour is the read's, which needs it in a minute.
    expect(limiter.acquire('c', upload).answer).toBe('waiting');
    for (let each = 0; each < 13; each += 1) {
      limiter.pass(5 * second);
      limiter.acquire('c', { ...upload, requestedAt: requestedAt + 1 });
      if (limiter.acquire('b', { requestedAt }).answer === 'granted') break;
    }
    expect(limiter.now() - requestedAt).toBeLessThan(minute + 6 * second);
  });

  it('passes it if its call no longer counts when the other starts', () => {
    const slow = withSeveral(
      {
        all: { policy: { limit: 1, windowMs: minute } },
        reads: { policy: { limit: 1, windowMs: hour } },
      },
      { read: ['all', 'reads'], upload: ['all'] },
    );
    const limiter = createTestLimiter('read', slow);
    limiter.call('a');
    limiter.pass(2 * minute);
    expect(limiter.acquire('b')).toMatchObject({ answer: 'waiting' });
    expect(limiter.acquire('c', upload).answer).toBe('granted');
    limiter.call('c', upload);
    limiter.pass(55 * minute);
    // Now its call would count for longer than the read has to wait.
    limiter.acquire('b', { requestedAt: 0 });
    limiter.pass(2 * minute + second);
    limiter.acquire('b', { requestedAt: 0 });
    expect(limiter.acquire('d', upload).answer).toBe('waiting');
  });
});

it('a request that may pass in the next window goes at its start, although nothing else happens', () => {
  const paced = withSeveral(
    {
      all: { policy: { limit: 8, windowMs: minute }, resets: 'aligned', paced: true },
      reads: { policy: { limit: 1, windowMs: minute } },
    },
    { read: ['all', 'reads'], upload: ['all'] },
  );
  const limiter = createTestLimiter('read', { ...paced, missedHeartbeatsAllowed: 1e9 });
  limiter.pass(minute - (limiter.now() % minute) + 45 * second);
  const forced = { lane: 'manual_rider_add' } as const;
  limiter.call('a', forced);
  limiter.pass(3 * second);
  limiter.acquire('b', forced);
  expect(limiter.acquire('c', { ...upload, ...forced }).answer).toBe('waiting');
  const from = limiter.now();
  const went: string[] = [];
  for (let alarm = limiter.alarmIn(); alarm !== undefined && went.length === 0; alarm = limiter.alarmIn()) {
    limiter.pass(alarm);
    went.push(...limiter.take().offers.map(({ offer }) => offer.ticket));
  }
  expect(went).toEqual(['c']);
  expect(limiter.now() - from).toBe(12 * second + settings.epsilon);
});

describe('a name that no upstream has', () => {
  it('is not decided, as another limiter may know it', () => {
    const limiter = createLimiter();
    expect(limiter.acquire('a', { endpoint: 'unknown' }).answer).toBe('unavailable');
    expect(limiter.acquire('a', { lane: 'unknown' }).answer).toBe('unavailable');
    expect(limiter.acquire('a', { account: 'unknown:key' }).answer).toBe('unavailable');
    expect(limiter.ledger().waiting).toBe(0);
  });
});
