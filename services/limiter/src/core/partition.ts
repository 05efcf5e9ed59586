import type { BudgetRecord, Fact } from '@paceline/shared/contracts';
import { type Ledger, Superseded } from './ledger.ts';
import type { LedgerRequest, Reply, Turn } from './protocol.ts';
import { type Known, restated } from './recovery.ts';
import { takeTurn } from './turn.ts';

/**
 * A partition as its owner holds it. It takes one turn at a time, in these modes:
 *
 * - `recovering`: the journal is being read and claimed.
 * - `idle`: the ledger is held, and nothing is under way.
 * - `gathering`: a request has come. The shell says when its turn is taken: at once, or after what else comes at this moment.
 * - `committing`: what a turn decided is being appended to the journal. Its answers leave after that.
 * - `restating`: a part of the ledger is being appended, or what is older cut off, so that recovery stays short.
 * - `pausing`: the journal could not be written. Only the journal knows what is in it: soon it is read again.
 * - `closed`: another owner has claimed the partition, or this one has closed it. It decides nothing any more.
 *
 * Requests that come while something is under way wait for the next turn, which they share. `closing`: the mode
 * becomes `closed` when what is under way has ended.
 *
 * @typeParam To the way back to those who made some requests
 */
export type PartitionState<To> =
  | {
      readonly mode: 'recovering';
      readonly inbox: Inbox<To>;
      readonly known: Known;
      readonly closing: boolean;
    }
  | { readonly mode: 'idle'; readonly held: Held }
  | { readonly mode: 'gathering'; readonly held: Held; readonly inbox: Inbox<To> }
  | {
      readonly mode: 'committing';
      readonly held: Held;
      readonly inbox: Inbox<To>;
      readonly batches: Inbox<To>;
      readonly turn: Turn;
      readonly closing: boolean;
    }
  | { readonly mode: 'restating'; readonly held: Held; readonly inbox: Inbox<To>; readonly closing: boolean }
  | { readonly mode: 'pausing'; readonly inbox: Inbox<To>; readonly known: Known }
  | { readonly mode: 'closed' };

/** Requests that came in one message. */
export interface Batch<To> {
  readonly requests: readonly LedgerRequest[];
  readonly to: To;
}

/** It is appended to in place: in a flood a copy for each message would cost more than the turn. */
type Inbox<To> = Batch<To>[];

/** What an owner holds of a partition. Turns change the ledger in place: a copy for each would cost every account. */
export interface Held {
  readonly ledger: Ledger;
  /** Entries since the ledger was last restated. */
  readonly entries: number;
  /** Entries after which it is restated; Infinity: never. */
  readonly restateAfter: number;
  readonly restating: Restating | undefined;
}

interface Restating {
  readonly parts: Iterator<BudgetRecord[], void, number>;
  /** The sequence of its first entry; 0 before. */
  readonly began: number;
}

export type PartitionEvent<To> =
  | { readonly event: 'recovered'; readonly held: Held }
  | { readonly event: 'requested'; readonly batch: Batch<To> }
  /** What has come is to be decided, or something has become free by the passing of time. */
  | { readonly event: 'turn' }
  /** The append, or the cut, has ended; with the sequence of the entry. */
  | { readonly event: 'written'; readonly sequence: number }
  /** `taken`: another owner has claimed the partition. Otherwise it is unknown what was written, and what of a turn was taken. */
  | { readonly event: 'failed'; readonly taken: boolean }
  | { readonly event: 'pause over' }
  | { readonly event: 'close' };

export type PartitionEffect<To> =
  /** Read and claim the journal: `recovered` or `failed`. */
  | { readonly effect: 'recover'; readonly known: Known }
  /** `turn`: at once, or as soon as everything that has come at this moment was handed over. */
  | { readonly effect: 'gather' }
  /** `turn` at this moment of the ledger, instead of any that was named before. */
  | { readonly effect: 'wake'; readonly at: number | undefined }
  /** `written` or `failed`. */
  | { readonly effect: 'commit'; readonly facts: readonly Fact[]; readonly batches: readonly Batch<To>[] }
  | {
      readonly effect: 'restate';
      readonly at: number;
      readonly budgets: BudgetRecord[];
      readonly lostAt: number | null;
    }
  | { readonly effect: 'cut off'; readonly before: number }
  | { readonly effect: 'answer'; readonly to: To; readonly answers: readonly Reply[] }
  | { readonly effect: 'announce'; readonly turn: Turn }
  /** `pause over` after a while. `error`: why, where a turn has failed. */
  | { readonly effect: 'pause'; readonly error?: unknown }
  | { readonly effect: 'end' };

export interface PartitionStep<To> {
  readonly state: PartitionState<To>;
  readonly effects: ReadonlyArray<PartitionEffect<To>>;
}

/** A partition whose journal has not been read yet. */
export const openPartitionState = <To>(): PartitionStep<To> =>
  recovering([], { claimed: false, epochSeen: 0 });

/** @param now the ledger's time, project ms */
export function decidePartition<To>(
  state: PartitionState<To>,
  event: PartitionEvent<To>,
  now: number,
): PartitionStep<To> {
  switch (event.event) {
    case 'requested':
      return hear(state, event.batch);
    case 'turn':
      if (state.mode === 'idle') return takeTurns(state.held, [], now, []);
      return state.mode === 'gathering' ? takeTurns(state.held, state.inbox, now, []) : unchanged(state);
    case 'recovered':
      if (state.mode !== 'recovering') return unchanged(state);
      return state.closing ? close(state.inbox, []) : goOn(event.held, state.inbox, now, []);
    case 'written':
      return written(state, event.sequence, now);
    case 'failed':
      return failed(state, event.taken);
    case 'pause over':
      return state.mode === 'pausing' ? recovering(state.inbox, state.known) : unchanged(state);
    case 'close':
      return closeWhenDone(state);
  }
}

/** The ledger; undefined while the journal is being read. */
export const ledgerOf = <To>(state: PartitionState<To>): Ledger | undefined =>
  'held' in state ? state.held.ledger : undefined;

const unchanged = <To>(state: PartitionState<To>): PartitionStep<To> => ({ state, effects: none });
const none: readonly never[] = [];

const recovering = <To>(inbox: Inbox<To>, known: Known): PartitionStep<To> => ({
  state: { mode: 'recovering', inbox, known, closing: false },
  effects: [{ effect: 'recover', known }],
});

function hear<To>(state: PartitionState<To>, batch: Batch<To>): PartitionStep<To> {
  if (state.mode === 'idle')
    return {
      state: { mode: 'gathering', held: state.held, inbox: [batch] },
      effects: [{ effect: 'gather' }],
    };
  // Who asks a partition that closes asks its next owner again.
  if (state.mode !== 'closed' && !('closing' in state && state.closing)) state.inbox.push(batch);
  return unchanged(state);
}

/** Decides what has come, turn by turn, until something has to be committed or nothing is left. */
function takeTurns<To>(
  held: Held,
  inbox: Inbox<To>,
  now: number,
  effects: PartitionEffect<To>[],
): PartitionStep<To> {
  const { ledger } = held;
  do {
    const batches = takeBatch(inbox);
    let turn: Turn;
    try {
      const requests = batches.flatMap((each) => each.requests);
      turn = takeTurn(ledger, requests, now);
    } catch (error) {
      const epochSeen = error instanceof Superseded ? error.epoch : 0;
      return readAgain([...batches, ...inbox], { claimed: true, epochSeen }, effects, error);
    }
    if (turn.facts.length > 0) {
      effects.push({ effect: 'commit', facts: turn.facts, batches });
      return { state: { mode: 'committing', held, inbox, batches, turn, closing: false }, effects };
    }
    tell(batches, turn, effects);
  } while (inbox.length > 0);
  return goOn(held, inbox, now, effects);
}

function goOn<To>(
  held: Held,
  inbox: Inbox<To>,
  now: number,
  effects: PartitionEffect<To>[],
): PartitionStep<To> {
  if (inbox.length > 0) return takeTurns(held, inbox, now, effects);
  effects.push({ effect: 'wake', at: held.ledger.alarms.first()?.alarmAt });
  return { state: { mode: 'idle', held }, effects };
}

/** One entry of the journal holds what one turn comes to: it must fit into a message. */
const largestTurn = 500;

/** Takes what has come, up to the size of a turn, out of the inbox. */
function takeBatch<To>(inbox: Inbox<To>): Inbox<To> {
  let count = 0;
  const until = inbox.findIndex(({ requests }) => (count += requests.length) > largestTurn);
  return inbox.splice(0, until === -1 ? inbox.length : Math.max(1, until));
}

/** Gives each its part of a turn's answers, and everybody else the news. */
function tell<To>(batches: readonly Batch<To>[], turn: Turn, effects: PartitionEffect<To>[]): void {
  let answered = 0;
  for (const { requests, to } of batches) {
    const next = answered + requests.length;
    effects.push({ effect: 'answer', to, answers: turn.answers.slice(answered, next) });
    answered = next;
  }
  effects.push({ effect: 'announce', turn });
}

function written<To>(state: PartitionState<To>, sequence: number, now: number): PartitionStep<To> {
  if (state.mode === 'committing') {
    const effects: PartitionEffect<To>[] = [];
    tell(state.batches, state.turn, effects);
    if (state.closing) return close(state.inbox, effects);
    return restateOrGoOn({ ...state.held, entries: state.held.entries + 1 }, state.inbox, now, effects);
  }
  if (state.mode !== 'restating') return unchanged(state);
  if (state.closing) return close(state.inbox, []);
  const { held, inbox } = state;
  if (held.restating?.began !== 0) return goOn(held, inbox, now, []);
  return goOn({ ...held, restating: { ...held.restating, began: sequence } }, inbox, now, []);
}

/** In a large ledger it is worth it less often. */
const budgetsAnEntry = 50;

/** Restates what matters when the journal has grown long: a part after each entry of facts. */
function restateOrGoOn<To>(
  held: Held,
  inbox: Inbox<To>,
  now: number,
  effects: PartitionEffect<To>[],
): PartitionStep<To> {
  const { ledger, entries, restateAfter, restating } = held;
  if (!restating && entries < restateAfter + ledger.budgets.size / budgetsAnEntry)
    return goOn(held, inbox, now, effects);
  const { parts, began } = restating ?? { parts: restated(ledger, now), began: 0 };
  let part: IteratorResult<BudgetRecord[], void>;
  try {
    part = parts.next(now);
  } catch (error) {
    // The answers of the turn that was written leave all the same.
    return readAgain(inbox, { claimed: true, epochSeen: 0 }, effects, error);
  }
  effects.push(
    part.done
      ? { effect: 'cut off', before: began }
      : { effect: 'restate', at: now, budgets: part.value, lostAt: ledger.lostAt },
  );
  const next = part.done ? { entries: 0, restating: undefined } : { entries, restating: { parts, began } };
  return { state: { mode: 'restating', held: { ...held, ...next }, inbox, closing: false }, effects };
}

function failed<To>(state: PartitionState<To>, taken: boolean): PartitionStep<To> {
  const { mode } = state;
  if (mode === 'pausing' || mode === 'closed') return unchanged(state);
  const batches = mode === 'committing' ? state.batches : [];
  const unanswered = mode === 'idle' ? [] : [...batches, ...state.inbox];
  if (taken || ('closing' in state && state.closing)) return close(unanswered, []);
  return readAgain(unanswered, mode === 'recovering' ? state.known : { claimed: true, epochSeen: 0 }, []);
}

/** Only the journal knows what holds: turns away who waits, and reads it again soon. */
function readAgain<To>(
  unanswered: Inbox<To>,
  known: Known,
  effects: PartitionEffect<To>[],
  error?: unknown,
): PartitionStep<To> {
  turnAway(unanswered, effects);
  effects.push(error === undefined ? { effect: 'pause' } : { effect: 'pause', error });
  return { state: { mode: 'pausing', inbox: [], known }, effects };
}

/** What is being written is waited for: those who asked for it get their answers. */
function closeWhenDone<To>(state: PartitionState<To>): PartitionStep<To> {
  switch (state.mode) {
    case 'closed':
      return unchanged(state);
    case 'recovering':
    case 'committing':
    case 'restating': {
      const effects: PartitionEffect<To>[] = [];
      turnAway(state.inbox, effects);
      return { state: { ...state, inbox: [], closing: true }, effects };
    }
    default:
      return close('inbox' in state ? state.inbox : [], []);
  }
}

/** Those who are turned away ask the next owner. */
function close<To>(unanswered: Inbox<To>, effects: PartitionEffect<To>[]): PartitionStep<To> {
  turnAway(unanswered, effects);
  effects.push({ effect: 'wake', at: undefined }, { effect: 'end' });
  return { state: { mode: 'closed' }, effects };
}

function turnAway<To>(batches: readonly Batch<To>[], effects: PartitionEffect<To>[]): void {
  for (const { requests, to } of batches)
    effects.push({ effect: 'answer', to, answers: requests.map(() => unavailable) });
}

export const unavailable: Reply = { answer: 'unavailable', reason: 'nobody can commit right now' };
