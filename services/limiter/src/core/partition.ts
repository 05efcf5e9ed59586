import type { BudgetRecord, Fact } from '@paceline/shared/contracts';
import { LaterClaimSeen, type Ledger } from './ledger.ts';
import type { LedgerRequest, Reply, Turn } from './protocol.ts';
import { type RecoveryContext, snapshotParts } from './recovery.ts';
import { takeTurn } from './turn.ts';

/**
 * A partition as its owner runs it. It takes one turn at a time, in these modes:
 *
 * - `recovering`: the journal is being read and claimed.
 * - `idle`: the ledger is ready and nothing is in progress.
 * - `gathering`: a request has arrived. The adapter decides whether its turn starts immediately or a little later.
 * - `committing`: the facts of a turn are being appended to the journal. Its replies are sent after that.
 * - `compacting`: part of a snapshot is being appended, or old entries are being cut off, to keep recovery short.
 * - `backing_off`: a journal write failed, so its content is unknown. After a pause it is read again.
 * - `closed`: another owner has claimed the partition, or this one has closed it. It decides nothing from then on.
 *
 * Requests that arrive while something is in progress share the next turn. `closing`: it closes when that has finished.
 *
 * @typeParam To where to send the replies to a batch of requests
 */
export type PartitionState<To> =
  | {
      readonly mode: 'recovering';
      readonly inbox: Inbox<To>;
      readonly context: RecoveryContext;
      readonly closing: boolean;
    }
  | { readonly mode: 'idle'; readonly data: PartitionData }
  | { readonly mode: 'gathering'; readonly data: PartitionData; readonly inbox: Inbox<To> }
  | {
      readonly mode: 'committing';
      readonly data: PartitionData;
      readonly inbox: Inbox<To>;
      readonly batches: Inbox<To>;
      readonly turn: Turn;
      readonly closing: boolean;
    }
  | {
      readonly mode: 'compacting';
      readonly data: PartitionData;
      readonly inbox: Inbox<To>;
      readonly closing: boolean;
    }
  | { readonly mode: 'backing_off'; readonly inbox: Inbox<To>; readonly context: RecoveryContext }
  | { readonly mode: 'closed' };

/** The requests of one message. */
export interface Batch<To> {
  readonly requests: readonly LedgerRequest[];
  readonly to: To;
}

/** Appended to in place: under load, a copy per message would cost more than the turn. */
type Inbox<To> = Batch<To>[];

/** The state of an open partition. Turns change the ledger in place: copying would cost every account. */
export interface PartitionData {
  readonly ledger: Ledger;
  readonly entriesSinceSnapshot: number;
  /** Entries after which a snapshot is written; Infinity: never. */
  readonly snapshotAfter: number;
  /** The snapshot that is being written. */
  readonly snapshot: OpenSnapshot | undefined;
}

interface OpenSnapshot {
  readonly parts: Iterator<BudgetRecord[], void, number>;
  /** The sequence of its first entry; 0 before that is written. */
  readonly firstSequence: number;
}

export type PartitionEvent<To> =
  | { readonly event: 'recovered'; readonly data: PartitionData }
  | { readonly event: 'requested'; readonly batch: Batch<To> }
  /** A gathered turn starts, or the alarm is due. */
  | { readonly event: 'turn' }
  /** An append or a cut has finished, with the sequence of the entry. */
  | { readonly event: 'written'; readonly sequence: number }
  /** The journal failed. Unless another owner has claimed the partition, it is unknown what was written. */
  | { readonly event: 'failed'; readonly claimedByOther: boolean }
  | { readonly event: 'retry' }
  | { readonly event: 'close' };

export type PartitionEffect<To> =
  /** Read and claim the journal, then `recovered` or `failed`. */
  | { readonly effect: 'recover'; readonly context: RecoveryContext }
  /** `turn`: immediately, or when more requests have been handed over. */
  | { readonly effect: 'gather' }
  /** `turn` at this ledger time, replacing an earlier alarm. */
  | { readonly effect: 'wake'; readonly at: number | undefined }
  /** Append, then `written` or `failed`. */
  | { readonly effect: 'commit'; readonly facts: readonly Fact[]; readonly batches: readonly Batch<To>[] }
  | {
      readonly effect: 'append snapshot';
      readonly at: number;
      readonly budgets: BudgetRecord[];
      readonly lostAt: number | null;
    }
  /** Recover from this sequence on, and delete older entries. */
  | { readonly effect: 'cut off'; readonly before: number }
  | { readonly effect: 'reply'; readonly to: To; readonly replies: readonly Reply[] }
  | { readonly effect: 'announce'; readonly turn: Turn }
  /** `retry` after a while. `error`: the cause, if a turn has failed. */
  | { readonly effect: 'back off'; readonly error?: unknown }
  | { readonly effect: 'end' };

export interface PartitionStep<To> {
  readonly state: PartitionState<To>;
  readonly effects: ReadonlyArray<PartitionEffect<To>>;
}

/** A partition whose journal has not been read yet. */
export const openPartitionState = <To>(): PartitionStep<To> =>
  recovering([], { claimed: false, latestEpochSeen: 0 });

/** @param now the ledger's time, project ms */
export function decidePartition<To>(
  state: PartitionState<To>,
  event: PartitionEvent<To>,
  now: number,
): PartitionStep<To> {
  switch (event.event) {
    case 'requested':
      return receive(state, event.batch);
    case 'turn':
      if (state.mode === 'idle') return takeTurns(state.data, [], now, []);
      return state.mode === 'gathering' ? takeTurns(state.data, state.inbox, now, []) : unchanged(state);
    case 'recovered':
      if (state.mode !== 'recovering') return unchanged(state);
      return state.closing ? close(state.inbox, []) : proceed(event.data, state.inbox, now, []);
    case 'written':
      return written(state, event.sequence, now);
    case 'failed':
      return failed(state, event.claimedByOther);
    case 'retry':
      return state.mode === 'backing_off' ? recovering(state.inbox, state.context) : unchanged(state);
    case 'close':
      return closeWhenDone(state);
  }
}

/** The ledger; undefined while the journal is being read. */
export const ledgerOf = <To>(state: PartitionState<To>): Ledger | undefined =>
  'data' in state ? state.data.ledger : undefined;

const unchanged = <To>(state: PartitionState<To>): PartitionStep<To> => ({ state, effects: none });
const none: readonly never[] = [];

const recovering = <To>(inbox: Inbox<To>, context: RecoveryContext): PartitionStep<To> => ({
  state: { mode: 'recovering', inbox, context, closing: false },
  effects: [{ effect: 'recover', context }],
});

function receive<To>(state: PartitionState<To>, batch: Batch<To>): PartitionStep<To> {
  if (state.mode === 'idle')
    return {
      state: { mode: 'gathering', data: state.data, inbox: [batch] },
      effects: [{ effect: 'gather' }],
    };
  // A closing partition ignores requests: clients repeat them to its next owner.
  if (state.mode !== 'closed' && !('closing' in state && state.closing)) state.inbox.push(batch);
  return unchanged(state);
}

/** Takes turns until one has facts to commit, or the inbox is empty and no alarm is due. */
function takeTurns<To>(
  data: PartitionData,
  inbox: Inbox<To>,
  now: number,
  effects: PartitionEffect<To>[],
): PartitionStep<To> {
  const { ledger } = data;
  do {
    const batches = takeBatches(inbox);
    let turn: Turn;
    try {
      const requests = batches.flatMap((each) => each.requests);
      turn = takeTurn(ledger, requests, now);
    } catch (error) {
      const latestEpochSeen = error instanceof LaterClaimSeen ? error.epoch : 0;
      return recoverAgain([...batches, ...inbox], { claimed: true, latestEpochSeen }, effects, error);
    }
    if (turn.facts.length > 0) {
      effects.push({ effect: 'commit', facts: turn.facts, batches });
      return { state: { mode: 'committing', data, inbox, batches, turn, closing: false }, effects };
    }
    deliver(batches, turn, effects);
  } while (hasWork(data, inbox, now));
  return proceed(data, inbox, now, effects);
}

/** Takes the next turn, or waits for a request or the alarm. */
function proceed<To>(
  data: PartitionData,
  inbox: Inbox<To>,
  now: number,
  effects: PartitionEffect<To>[],
): PartitionStep<To> {
  if (hasWork(data, inbox, now)) return takeTurns(data, inbox, now, effects);
  effects.push({ effect: 'wake', at: data.ledger.alarms.first()?.alarmAt });
  return { state: { mode: 'idle', data }, effects };
}

/** An alarm can have become due during a commit. */
const hasWork = <To>({ ledger }: PartitionData, inbox: Inbox<To>, now: number): boolean =>
  inbox.length > 0 || (ledger.alarms.first()?.alarmAt ?? Infinity) <= now;

/** The facts of one turn are one journal entry, which must fit into a message. */
const maxTurnRequests = 500;

/** Removes batches from the inbox, up to the size of a turn but at least one. */
function takeBatches<To>(inbox: Inbox<To>): Inbox<To> {
  let count = 0;
  const until = inbox.findIndex(({ requests }) => (count += requests.length) > maxTurnRequests);
  return inbox.splice(0, until === -1 ? inbox.length : Math.max(1, until));
}

/** Sends each batch its replies, and publishes what the turn decided. */
function deliver<To>(batches: readonly Batch<To>[], turn: Turn, effects: PartitionEffect<To>[]): void {
  let delivered = 0;
  for (const { requests, to } of batches) {
    const next = delivered + requests.length;
    effects.push({ effect: 'reply', to, replies: turn.replies.slice(delivered, next) });
    delivered = next;
  }
  effects.push({ effect: 'announce', turn });
}

function written<To>(state: PartitionState<To>, sequence: number, now: number): PartitionStep<To> {
  if (state.mode === 'committing') {
    const effects: PartitionEffect<To>[] = [];
    deliver(state.batches, state.turn, effects);
    if (state.closing) return close(state.inbox, effects);
    const entriesSinceSnapshot = state.data.entriesSinceSnapshot + 1;
    return compactOrProceed({ ...state.data, entriesSinceSnapshot }, state.inbox, now, effects);
  }
  if (state.mode !== 'compacting') return unchanged(state);
  if (state.closing) return close(state.inbox, []);
  const { data, inbox } = state;
  if (data.snapshot?.firstSequence !== 0) return proceed(data, inbox, now, []);
  return proceed({ ...data, snapshot: { ...data.snapshot, firstSequence: sequence } }, inbox, now, []);
}

/** A large ledger is worth a snapshot less often: one more entry for this many pools. */
const poolsPerEntry = 50;

/** Writes a snapshot when the journal has grown long: one part after each entry of facts. */
function compactOrProceed<To>(
  data: PartitionData,
  inbox: Inbox<To>,
  now: number,
  effects: PartitionEffect<To>[],
): PartitionStep<To> {
  const { ledger, entriesSinceSnapshot, snapshotAfter, snapshot } = data;
  if (!snapshot && entriesSinceSnapshot < snapshotAfter + ledger.pools.size / poolsPerEntry)
    return proceed(data, inbox, now, effects);
  const { parts, firstSequence } = snapshot ?? { parts: snapshotParts(ledger, now), firstSequence: 0 };
  let part: IteratorResult<BudgetRecord[], void>;
  try {
    part = parts.next(now);
  } catch (error) {
    // The replies of the committed turn are sent all the same.
    return recoverAgain(inbox, { claimed: true, latestEpochSeen: 0 }, effects, error);
  }
  effects.push(
    part.done
      ? { effect: 'cut off', before: firstSequence }
      : { effect: 'append snapshot', at: now, budgets: part.value, lostAt: ledger.lostAt },
  );
  const next = part.done
    ? { entriesSinceSnapshot: 0, snapshot: undefined }
    : { entriesSinceSnapshot, snapshot: { parts, firstSequence } };
  return { state: { mode: 'compacting', data: { ...data, ...next }, inbox, closing: false }, effects };
}

function failed<To>(state: PartitionState<To>, claimedByOther: boolean): PartitionStep<To> {
  const { mode } = state;
  if (mode === 'backing_off' || mode === 'closed') return unchanged(state);
  const batches = mode === 'committing' ? state.batches : [];
  const unanswered = mode === 'idle' ? [] : [...batches, ...state.inbox];
  if (claimedByOther || ('closing' in state && state.closing)) return close(unanswered, []);
  const context = mode === 'recovering' ? state.context : { claimed: true, latestEpochSeen: 0 };
  return recoverAgain(unanswered, context, []);
}

/** The ledger can't be trusted, only the journal can: rejects open requests, and reads it again after a pause. */
function recoverAgain<To>(
  unanswered: Inbox<To>,
  context: RecoveryContext,
  effects: PartitionEffect<To>[],
  error?: unknown,
): PartitionStep<To> {
  rejectBatches(unanswered, effects);
  effects.push(error === undefined ? { effect: 'back off' } : { effect: 'back off', error });
  return { state: { mode: 'backing_off', inbox: [], context }, effects };
}

/** Rejects waiting requests, and lets a write in progress finish so that its requests are answered. */
function closeWhenDone<To>(state: PartitionState<To>): PartitionStep<To> {
  switch (state.mode) {
    case 'closed':
      return unchanged(state);
    case 'recovering':
    case 'committing':
    case 'compacting': {
      const effects: PartitionEffect<To>[] = [];
      rejectBatches(state.inbox, effects);
      return { state: { ...state, inbox: [], closing: true }, effects };
    }
    default:
      return close('inbox' in state ? state.inbox : [], []);
  }
}

function close<To>(unanswered: Inbox<To>, effects: PartitionEffect<To>[]): PartitionStep<To> {
  rejectBatches(unanswered, effects);
  effects.push({ effect: 'wake', at: undefined }, { effect: 'end' });
  return { state: { mode: 'closed' }, effects };
}

/** Clients repeat rejected requests, if need be to the next owner. */
function rejectBatches<To>(batches: readonly Batch<To>[], effects: PartitionEffect<To>[]): void {
  for (const { requests, to } of batches)
    effects.push({ effect: 'reply', to, replies: requests.map(() => unavailable) });
}

export const unavailable: Reply = { answer: 'unavailable', reason: 'the limiter cannot commit right now' };
