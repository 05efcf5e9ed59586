import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLedger } from './ledger.ts';
import {
  decidePartition,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionState,
} from './partition.ts';
import type { LedgerRequest } from './protocol.ts';
import { budgetOf, settings } from './testing.ts';

const now = 1_000_000_000;
const budgetKey = { account: 'team', endpoint: 'riders_single' } as const;
type Event = PartitionEvent<string>;
type Effect = PartitionEffect<string>;

const acquire = (ticket: string): LedgerRequest => ({
  do: 'acquire',
  ...budgetKey,
  ticket,
  lane: 'rider_sync',
  requestedAt: now,
  offerTo: 'client',
  trace: {},
  start: true,
});
/** Requests of a client; by default an acquire with a start, so that there are facts to commit. */
const requested = (to: string, ...requests: LedgerRequest[]): Event => ({
  event: 'requested',
  batch: { requests: requests.length > 0 ? requests : [acquire(to)], to },
});
/** A request without facts. */
const requestedNothing = (to: string): Event => requested(to, { do: 'cancel', ...budgetKey, id: 'unknown' });
const recovered = (snapshotAfter = Infinity): Event => ({
  event: 'recovered',
  data: { ledger: createLedger(7, settings), entriesSinceSnapshot: 0, snapshotAfter, snapshot: undefined },
});
/** Turns change a ledger in place, so each sequence of events gets its own. */
const withOwnLedger = (event: Event): Event =>
  event.event === 'recovered' ? recovered(event.data.snapshotAfter) : event;
const written: Event = { event: 'written', sequence: 8 };
const turn: Event = { event: 'turn' };
const close: Event = { event: 'close' };
const failed: Event = { event: 'failed', claimedByOther: false };
const claimLost: Event = { event: 'failed', claimedByOther: true };

/** The mode after these events, and the effects of the last one. */
function after(...events: Event[]): { mode: PartitionState<string>['mode']; effects: readonly Effect[] } {
  let step = openPartitionState<string>();
  for (const event of events) step = decidePartition(step.state, withOwnLedger(event), now);
  return { mode: step.state.mode, effects: step.effects };
}
const repliesIn = (effects: readonly Effect[]): Array<[string, string[]]> =>
  effects.flatMap((effect) =>
    effect.effect === 'reply' ? [[effect.to, effect.replies.map(({ answer }) => answer)]] : [],
  );
const namesOf = (effects: readonly Effect[]) => effects.map(({ effect }) => effect);

describe('a recovering partition', () => {
  it('holds requests until it has the ledger', () => {
    expect(after().effects).toEqual([{ effect: 'recover', context: { claimed: false, latestEpochSeen: 0 } }]);
    expect(after(requested('a'))).toEqual({ mode: 'recovering', effects: [] });
    expect(after(requested('a'), recovered())).toMatchObject({
      mode: 'committing',
      effects: [{ effect: 'commit' }],
    });
  });

  it('becomes idle when no request has arrived', () => {
    expect(after(recovered())).toEqual({ mode: 'idle', effects: [{ effect: 'wake', at: undefined }] });
  });

  it('rejects waiting requests and retries when the journal cannot be read', () => {
    const { mode, effects } = after(requested('a'), failed);
    expect(mode).toBe('backing_off');
    expect(repliesIn(effects)).toEqual([['a', ['unavailable']]]);
    expect(after(failed, { event: 'retry' }).effects).toEqual([
      { effect: 'recover', context: { claimed: false, latestEpochSeen: 0 } },
    ]);
  });
});

describe('an idle partition that receives a request', () => {
  it('decides together what arrives before its adapter starts the turn', () => {
    expect(after(recovered(), requested('a'))).toEqual({
      mode: 'gathering',
      effects: [{ effect: 'gather' }],
    });
    const { effects } = after(recovered(), requested('a'), requested('b'), turn);
    expect(effects).toMatchObject([{ effect: 'commit', facts: [{ fact: 'started' }, { fact: 'started' }] }]);
  });

  it('replies immediately when there is nothing to commit', () => {
    const { mode, effects } = after(recovered(), requestedNothing('a'), turn);
    expect(mode).toBe('idle');
    expect(namesOf(effects)).toEqual(['reply', 'announce', 'wake']);
  });
});

describe('a partition that fails while nothing is in progress', () => {
  it('rejects waiting requests and recovers from the journal', () => {
    expect(namesOf(after(recovered(), failed).effects)).toEqual(['back off']);
    const { mode, effects } = after(recovered(), requested('a'), failed);
    expect(mode).toBe('backing_off');
    expect(repliesIn(effects)).toEqual([['a', ['unavailable']]]);
  });
});

describe('a committing partition', () => {
  const committing = [recovered(), requested('a'), turn];

  it('handles an alarm that becomes due meanwhile as soon as the append is acknowledged', () => {
    const { limit, windowMs } = budgetOf('riders_single').policy;
    const tickets = Array.from({ length: limit + 1 }, (_, index) => `t${index}`);
    const ask = (ticket: string, account = 'team') =>
      ({ ...acquire(ticket), account, lane: 'manual_rider_add' }) as LedgerRequest;
    let step = openPartitionState<string>();
    const at = (time: number, ...events: Event[]): readonly Effect[] => {
      for (const event of events) step = decidePartition(step.state, event, time);
      return step.effects;
    };
    const replies = at(
      now,
      recovered(),
      requested('a', ...tickets.map((each) => ask(each))),
      turn,
      written,
    ).flatMap((effect) => (effect.effect === 'reply' ? effect.replies : []));
    const settles = replies.flatMap((reply): LedgerRequest[] =>
      reply.answer === 'started'
        ? [{ do: 'settle', ...budgetKey, permit: reply.permit, outcome: { result: 'answered', status: 200 } }]
        : [],
    );
    at(now, requested('a', ...settles), turn, written);
    const free = now + windowMs + settings.epsilon + settings.clockLag;
    const waiting = tickets.at(-1) ?? '';
    at(free - 1, requested('a', ask(waiting), ask('other', 'another')), turn);
    const offers = at(free, written).flatMap((effect) =>
      effect.effect === 'announce' ? effect.turn.offers.map(({ offer }) => offer.ticket) : [],
    );
    expect(offers).toEqual([waiting]);
  });

  it('replies only after the append is acknowledged', () => {
    expect(repliesIn(after(...committing).effects)).toEqual([]);
    const { mode, effects } = after(...committing, written);
    expect(repliesIn(effects)).toEqual([['a', ['started']]]);
    expect(mode).toBe('idle');
  });

  it('collects requests that arrive in the meantime into the next turn', () => {
    const { mode, effects } = after(...committing, requested('b'), requested('c'), turn, written);
    expect(mode).toBe('committing');
    expect(effects.at(-1)).toMatchObject({ effect: 'commit', batches: [{ to: 'b' }, { to: 'c' }] });
  });

  it('rejects every open request when the append may have failed, and recovers from the journal', () => {
    const { mode, effects } = after(...committing, requested('b'), failed);
    expect(mode).toBe('backing_off');
    expect(repliesIn(effects)).toEqual([
      ['a', ['unavailable']],
      ['b', ['unavailable']],
    ]);
    expect(after(...committing, failed, { event: 'retry' }).effects).toEqual([
      { effect: 'recover', context: { claimed: true, latestEpochSeen: 0 } },
    ]);
  });

  it('closes when another owner has claimed the partition', () => {
    const { mode, effects } = after(...committing, claimLost);
    expect(mode).toBe('closed');
    expect(repliesIn(effects)).toEqual([['a', ['unavailable']]]);
    expect(effects.at(-1)).toEqual({ effect: 'end' });
  });

  it('finishes the append before it closes, and rejects requests that wait', () => {
    const closing = after(...committing, requested('b'), close);
    expect(closing.mode).toBe('committing');
    expect(repliesIn(closing.effects)).toEqual([['b', ['unavailable']]]);
    const { mode, effects } = after(...committing, close, requested('c'), written);
    expect(mode).toBe('closed');
    expect(repliesIn(effects)).toEqual([['a', ['started']]]);
  });
});

describe('a partition that receives a permit of a later claim', () => {
  it('recovers from the journal, which must reach that claim', () => {
    const start = requested('a', { do: 'start', ...budgetKey, permit: '9-1-a', trace: {} });
    const { mode, effects } = after(recovered(), start, turn);
    expect(mode).toBe('backing_off');
    expect(repliesIn(effects)).toEqual([['a', ['unavailable']]]);
    expect(after(recovered(), start, turn, { event: 'retry' }).effects).toEqual([
      { effect: 'recover', context: { claimed: true, latestEpochSeen: 9 } },
    ]);
  });
});

describe('a partition with a long journal', () => {
  it('writes a snapshot after the replies, then cuts off older entries', () => {
    const first = after(recovered(0), requested('a'), turn, written);
    expect(namesOf(first.effects)).toEqual(['reply', 'announce', 'append snapshot']);
    expect(first.mode).toBe('compacting');
    const withSnapshot = [recovered(0), requested('a'), turn, written, written];
    expect(after(...withSnapshot).mode).toBe('idle');
    const { effects } = after(...withSnapshot, requested('b'), turn, { event: 'written', sequence: 9 });
    expect(effects.at(-1)).toEqual({ effect: 'cut off', before: 8 });
  });

  it('recovers from the journal when the snapshot fails, after the replies', () => {
    const parts: Iterator<never, void, number> = {
      next() {
        throw new Error('snapshot failed');
      },
    };
    const { data } = recovered() as Extract<Event, { event: 'recovered' }>;
    let step = openPartitionState<string>();
    const failing: Event = { event: 'recovered', data: { ...data, snapshot: { parts, firstSequence: 0 } } };
    for (const event of [failing, requested('a'), turn, written])
      step = decidePartition(step.state, event, now);
    expect(namesOf(step.effects)).toEqual(['reply', 'announce', 'back off']);
    expect(repliesIn(step.effects)).toEqual([['a', ['started']]]);
    expect(step.state.mode).toBe('backing_off');
  });

  it('omits from each part of a snapshot what no longer matters when that part is written', () => {
    const many = Array.from({ length: 700 }, (_, index) => ({
      ...acquire(`t${index}`),
      account: `team ${index}`,
    }));
    const later = now + 24 * 3_600_000;
    let step = openPartitionState<string>();
    for (const event of [recovered(-Infinity), requested('all', ...many), turn, written, written])
      step = decidePartition(step.state, event, now);
    for (const event of [requested('b'), turn, written]) step = decidePartition(step.state, event, later);
    expect(step.effects.at(-1)).toMatchObject({ effect: 'append snapshot', budgets: [{ account: 'team' }] });
  });
});

describe('a partition under any sequence of events', () => {
  const events = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(requested('any'), requestedNothing('any')) },
      { weight: 3, arbitrary: fc.constant(turn) },
      { weight: 3, arbitrary: fc.constant(written) },
      { weight: 2, arbitrary: fc.constantFrom(recovered(), recovered(0), recovered(3)) },
      { weight: 1, arbitrary: fc.constantFrom<Event>(failed, { event: 'retry' }, claimLost, close) },
    ),
    { maxLength: 60, size: 'max' },
  );
  /** The same event from a distinct client. */
  const from = (client: string, event: Event): Event => {
    if (event.event !== 'requested') return withOwnLedger(event);
    return event.batch.requests[0]?.do === 'acquire' ? requested(client) : requestedNothing(client);
  };

  it('replies `started` only after the append, and never twice to a request', () => {
    fc.assert(
      fc.property(events, (all) => {
        let { state } = openPartitionState<string>();
        const unanswered = new Set<string>();
        for (const [index, event] of all.entries()) {
          const client = String(index);
          if (event.event === 'requested') unanswered.add(client);
          const isWritten = state.mode === 'committing' && event.event === 'written';
          const step = decidePartition(state, from(client, event), now);
          ({ state } = step);
          for (const [to, replies] of repliesIn(step.effects)) {
            expect(unanswered.delete(to)).toBe(true);
            expect(replies).toHaveLength(1);
            if (replies.includes('started')) expect(isWritten).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has replied to every request once it is idle or closed, except those received while closing', () => {
    fc.assert(
      fc.property(events, (all) => {
        let { state } = openPartitionState<string>();
        const unanswered = new Set<string>();
        for (const [index, event] of all.entries()) {
          const client = String(index);
          const isClosing = state.mode === 'closed' || ('closing' in state && state.closing);
          if (event.event === 'requested' && !isClosing) unanswered.add(client);
          const step = decidePartition(state, from(client, event), now);
          ({ state } = step);
          for (const [to] of repliesIn(step.effects)) unanswered.delete(to);
          const isQuiet = state.mode === 'idle' || state.mode === 'closed';
          expect(isQuiet ? [...unanswered] : []).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
