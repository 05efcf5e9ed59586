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
import { settings } from './testing.ts';

const now = 1_000_000_000;
const place = { account: 'team', endpoint: 'riders_single' } as const;
type Event = PartitionEvent<string>;
type Effect = PartitionEffect<string>;

const acquire = (ticket: string): LedgerRequest => ({
  do: 'acquire',
  ...place,
  ticket,
  lane: 'rider_sync',
  requestedAt: now,
  offerTo: 'client',
  trace: {},
  start: true,
});
/** Requests of a client, which ask for a permit that is free, so that something has to be committed. */
const asked = (to: string, ...requests: LedgerRequest[]): Event => ({
  event: 'requested',
  batch: { requests: requests.length > 0 ? requests : [acquire(to)], to },
});
/** A request that changes nothing. */
const idly = (to: string): Event => asked(to, { do: 'cancel', ...place, id: 'nobody' });
const recovered = (restateAfter = Infinity): Event => ({
  event: 'recovered',
  held: { ledger: createLedger(7, settings), entries: 0, restateAfter, restating: undefined },
});
/** Turns change a ledger in place: each story has its own. */
const fresh = (event: Event): Event =>
  event.event === 'recovered' ? recovered(event.held.restateAfter) : event;
const written: Event = { event: 'written', sequence: 8 };
const turn: Event = { event: 'turn' };
const close: Event = { event: 'close' };
const failed: Event = { event: 'failed', taken: false };
const taken: Event = { event: 'failed', taken: true };

/** The state after these events, with what the last of them led to. */
function after(...events: Event[]): { mode: PartitionState<string>['mode']; effects: readonly Effect[] } {
  let step = openPartitionState<string>();
  for (const event of events) step = decidePartition(step.state, fresh(event), now);
  return { mode: step.state.mode, effects: step.effects };
}
const answersTo = (effects: readonly Effect[]): Array<[string, string[]]> =>
  effects.flatMap((effect) =>
    effect.effect === 'answer' ? [[effect.to, effect.answers.map(({ answer }) => answer)]] : [],
  );
const namesOf = (effects: readonly Effect[]) => effects.map(({ effect }) => effect);

describe('a partition whose journal is being read', () => {
  it('lets requests wait, and decides them once it has the ledger', () => {
    expect(after().effects).toEqual([{ effect: 'recover', known: { claimed: false, epochSeen: 0 } }]);
    expect(after(asked('a'))).toEqual({ mode: 'recovering', effects: [] });
    expect(after(asked('a'), recovered())).toMatchObject({
      mode: 'committing',
      effects: [{ effect: 'commit' }],
    });
  });

  it('is idle when no request has come meanwhile', () => {
    expect(after(recovered())).toEqual({ mode: 'idle', effects: [{ effect: 'wake', at: undefined }] });
  });

  it('turns away those who wait and tries again when it can not be read', () => {
    const { mode, effects } = after(asked('a'), failed);
    expect(mode).toBe('pausing');
    expect(answersTo(effects)).toEqual([['a', ['unavailable']]]);
    expect(after(failed, { event: 'pause over' }).effects).toEqual([
      { effect: 'recover', known: { claimed: false, epochSeen: 0 } },
    ]);
  });
});

describe('an idle partition that is asked', () => {
  it('lets its shell say when the turn is taken, and decides what has come by then together', () => {
    expect(after(recovered(), asked('a'))).toEqual({ mode: 'gathering', effects: [{ effect: 'gather' }] });
    const { effects } = after(recovered(), asked('a'), asked('b'), turn);
    expect(effects).toMatchObject([{ effect: 'commit', facts: [{ fact: 'started' }, { fact: 'started' }] }]);
  });

  it('answers at once when nothing has to be committed', () => {
    const { mode, effects } = after(recovered(), idly('a'), turn);
    expect(mode).toBe('idle');
    expect(namesOf(effects)).toEqual(['answer', 'announce', 'wake']);
  });
});

describe('a partition that fails with nothing under way', () => {
  it('turns away who waits, and reads the journal again', () => {
    expect(namesOf(after(recovered(), failed).effects)).toEqual(['pause']);
    const { mode, effects } = after(recovered(), asked('a'), failed);
    expect(mode).toBe('pausing');
    expect(answersTo(effects)).toEqual([['a', ['unavailable']]]);
  });
});

describe('a partition that commits', () => {
  const committing = [recovered(), asked('a'), turn];

  it('answers only once that is in the journal', () => {
    expect(answersTo(after(...committing).effects)).toEqual([]);
    const { mode, effects } = after(...committing, written);
    expect(answersTo(effects)).toEqual([['a', ['started']]]);
    expect(mode).toBe('idle');
  });

  it('takes what came meanwhile into the next turn, together', () => {
    const { mode, effects } = after(...committing, asked('b'), asked('c'), turn, written);
    expect(mode).toBe('committing');
    expect(effects.at(-1)).toMatchObject({ effect: 'commit', batches: [{ to: 'b' }, { to: 'c' }] });
  });

  it('turns everybody away when it is unknown whether that was written, and reads the journal again', () => {
    const { mode, effects } = after(...committing, asked('b'), failed);
    expect(mode).toBe('pausing');
    expect(answersTo(effects)).toEqual([
      ['a', ['unavailable']],
      ['b', ['unavailable']],
    ]);
    expect(after(...committing, failed, { event: 'pause over' }).effects).toEqual([
      { effect: 'recover', known: { claimed: true, epochSeen: 0 } },
    ]);
  });

  it('closes when another owner has claimed the partition', () => {
    const { mode, effects } = after(...committing, taken);
    expect(mode).toBe('closed');
    expect(answersTo(effects)).toEqual([['a', ['unavailable']]]);
    expect(effects.at(-1)).toEqual({ effect: 'end' });
  });

  it('waits for the journal when it is to close: who asked before is answered, who waits is turned away', () => {
    const closing = after(...committing, asked('b'), close);
    expect(closing.mode).toBe('committing');
    expect(answersTo(closing.effects)).toEqual([['b', ['unavailable']]]);
    const { mode, effects } = after(...committing, close, asked('c'), written);
    expect(mode).toBe('closed');
    expect(answersTo(effects)).toEqual([['a', ['started']]]);
  });
});

describe('a partition that is asked with a permit of a later claim', () => {
  it('reads the journal again, which must reach as far', () => {
    const start = asked('a', { do: 'start', ...place, permit: '9-1-a', trace: {} });
    const { mode, effects } = after(recovered(), start, turn);
    expect(mode).toBe('pausing');
    expect(answersTo(effects)).toEqual([['a', ['unavailable']]]);
    expect(after(recovered(), start, turn, { event: 'pause over' }).effects).toEqual([
      { effect: 'recover', known: { claimed: true, epochSeen: 9 } },
    ]);
  });
});

describe('a partition whose journal has grown long', () => {
  it('restates its ledger after the answers, and then cuts off what is older', () => {
    const first = after(recovered(0), asked('a'), turn, written);
    expect(namesOf(first.effects)).toEqual(['answer', 'announce', 'restate']);
    expect(first.mode).toBe('restating');
    const restated = [recovered(0), asked('a'), turn, written, written];
    expect(after(...restated).mode).toBe('idle');
    const { effects } = after(...restated, asked('b'), turn, { event: 'written', sequence: 9 });
    expect(effects.at(-1)).toEqual({ effect: 'cut off', before: 8 });
  });

  it('reads the journal again when it can not be restated, after the answers', () => {
    const parts: Iterator<never, void, number> = {
      next() {
        throw new Error('can not be restated');
      },
    };
    const { held } = recovered() as Extract<Event, { event: 'recovered' }>;
    let step = openPartitionState<string>();
    const broken: Event = { event: 'recovered', held: { ...held, restating: { parts, began: 0 } } };
    for (const event of [broken, asked('a'), turn, written]) step = decidePartition(step.state, event, now);
    expect(namesOf(step.effects)).toEqual(['answer', 'announce', 'pause']);
    expect(answersTo(step.effects)).toEqual([['a', ['started']]]);
    expect(step.state.mode).toBe('pausing');
  });

  it('leaves out of each part what weighs nothing any more when that part is written', () => {
    const many = Array.from({ length: 700 }, (_, index) => ({
      ...acquire(`t${index}`),
      account: `team ${index}`,
    }));
    const later = now + 24 * 3_600_000;
    let step = openPartitionState<string>();
    for (const event of [recovered(-Infinity), asked('all', ...many), turn, written, written])
      step = decidePartition(step.state, event, now);
    for (const event of [asked('b'), turn, written]) step = decidePartition(step.state, event, later);
    expect(step.effects.at(-1)).toMatchObject({ effect: 'restate', budgets: [{ account: 'team' }] });
  });
});

describe('whatever happens to a partition', () => {
  const events = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(asked('anybody'), idly('anybody')) },
      { weight: 3, arbitrary: fc.constant(turn) },
      { weight: 3, arbitrary: fc.constant(written) },
      { weight: 2, arbitrary: fc.constantFrom(recovered(), recovered(0), recovered(3)) },
      { weight: 1, arbitrary: fc.constantFrom<Event>(failed, { event: 'pause over' }, taken, close) },
    ),
    { maxLength: 60, size: 'max' },
  );
  /** The same event, from a client of its own. */
  const from = (client: string, event: Event): Event => {
    if (event.event !== 'requested') return fresh(event);
    return event.batch.requests[0]?.do === 'acquire' ? asked(client) : idly(client);
  };

  it('answers nothing before what it booked is written, and no request twice', () => {
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
          for (const [to, answers] of answersTo(step.effects)) {
            expect(unanswered.delete(to)).toBe(true);
            expect(answers).toHaveLength(1);
            if (answers.includes('started')) expect(isWritten).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('everybody who has asked is answered once it is idle or closed, but for those who asked it while it closed', () => {
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
          for (const [to] of answersTo(step.effects)) unanswered.delete(to);
          const isQuiet = state.mode === 'idle' || state.mode === 'closed';
          expect(isQuiet ? [...unanswered] : []).toEqual([]);
        }
      }),
      { numRuns: 500 },
    );
  });
});
