import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StoredMsg,
} from '@nats-io/jetstream';
import { type Machine, thisMachine } from '@paceline/shared/clock';
import {
  type BudgetRecord,
  catalog,
  type Fact,
  type JournalEntry,
  subjectOf,
} from '@paceline/shared/contracts';
import {
  type Bus,
  encode,
  journalEntryOf,
  journalHeaders,
  retryWhileUnavailable,
} from '@paceline/shared/messaging';
import { hasGap } from '../core/recovery.ts';

/** Another owner has appended to the journal: this one must no longer decide. */
export class ClaimLost extends Error {
  override name = 'ClaimLost';
}

/** The broker's clock: ms since the epoch, and the machine's `elapsed` when the answer was received. */
export interface BrokerTime {
  readonly realMs: number;
  readonly receivedAt: number;
  /** Round trip in real ms: the time may be outdated by that much. */
  readonly tookMs: number;
}

/** What is needed for recovery. */
export interface StoredJournal {
  /** From the last complete snapshot on, oldest first. */
  readonly entries: readonly JournalEntry[];
  /** When the broker stored the last entry, real ms; undefined for an empty journal. */
  readonly lastStoredAt: number | undefined;
  /** 0 for an empty journal. */
  readonly lastSequence: number;
  /** Whether the broker has lost entries between the others. */
  readonly hasGap: boolean;
}

export type NewEntry =
  | { readonly entry: 'facts'; readonly facts: Fact[] }
  | {
      readonly entry: 'snapshot';
      readonly owner: string;
      readonly at: number;
      readonly lostAt: number | null;
      readonly budgets: BudgetRecord[];
    };

/** The journal of one partition: one subject, which accepts an append only from an owner that saw its last entry. */
export interface Journal {
  /** Reads what recovery needs. `append` then continues from the last entry. */
  read(): Promise<StoredJournal>;
  /**
   * Appends, unless another owner has appended since the last read or append, and resolves to the entry's sequence.
   * @throws {ClaimLost} if another owner has; after any other error it is unknown whether the entry was stored
   */
  append(entry: NewEntry): Promise<number>;
  /** The sequence of the last entry that was appended here; 0 before the first. */
  reached(): number;
  /** Recovery starts at `sequence` once the next entry is written. Some older entries are kept as history. */
  recoverFrom(sequence: number): Promise<void>;
  time(): Promise<BrokerTime>;
}

export interface JournalOptions {
  /** How many old entries to keep for audits. */
  readonly history?: number;
  readonly machine?: Machine;
  /** How far this process has written, also before it lost the partition and claimed it again. */
  readonly mark?: { reached: number };
}

/**
 * One function: every method reads or moves the two sequences that decide what may be appended.
 */
export function openJournal(
  bus: Bus,
  partition: number,
  { history = 20_000, machine = thisMachine, mark = { reached: 0 } }: JournalOptions = {},
): Journal {
  const { stream, payload } = catalog.journal;
  const subject = subjectOf(catalog.journal, { partition });
  let managing: Promise<JetStreamManager> | undefined;
  const manager = () => (managing ??= retryWhileUnavailable(() => bus.js.jetstreamManager(false)));
  let last = 0;
  let recoverFrom = 0;

  return {
    async read() {
      const { streams } = await manager();
      const latest = await retryWhileUnavailable(() => streams.getMessage(stream, { last_by_subj: subject }));
      last = latest?.seq ?? 0;
      recoverFrom = 0;
      if (!latest) return { entries: [], lastStoredAt: undefined, lastSequence: 0, hasGap: false };
      // If another program wrote the last message, only the entries before it say where to start.
      const from = journalEntryOf(latest)?.recoverFrom ?? 0;
      const stored = await entriesBetween(await manager(), subject, Math.max(1, from), last);
      if (stored.at(-1)?.seq !== last) throw new Error(`the journal ${subject} was purged while it was read`);
      const written = stored.flatMap((each, index) => {
        const entry = journalEntryOf(each);
        const after = index === 0 ? undefined : stored[index - 1]?.seq;
        return entry ? [{ sequence: each.seq, storedAt: each.time.getTime(), after, entry }] : [];
      });
      if (written.length < stored.length)
        bus.log.error({ subject }, 'skipped a journal message that no limiter wrote');
      recoverFrom = written.at(-1)?.entry.recoverFrom ?? 0;
      const needed = written.filter(({ sequence }) => sequence >= recoverFrom);
      return {
        entries: needed.map(({ entry }) => entry),
        hasGap: hasGap(needed, recoverFrom),
        lastStoredAt: written.at(-1)?.storedAt,
        lastSequence: written.at(-1)?.sequence ?? 0,
      };
    },

    async append(entry) {
      try {
        const { seq } = await bus.js.publish(
          subject,
          encode(payload, { ...entry, recoverFrom, previous: last }),
          {
            headers: journalHeaders(),
            expect: { lastSubjectSequence: last },
            timeout: appendTimeoutMs,
          },
        );
        last = seq;
        mark.reached = seq;
        return seq;
      } catch (error) {
        if (isWrongSequence(error))
          throw new ClaimLost(`the journal ${subject} has an entry by another owner`);
        throw error;
      }
    },

    reached: () => mark.reached,

    async recoverFrom(sequence) {
      // Keeps what an owner that does not know the new start yet may still read.
      const keep = Math.max(history, last - recoverFrom + 1);
      recoverFrom = sequence;
      try {
        const { streams } = await manager();
        await streams.purge(stream, { filter: subject, keep });
      } catch (error) {
        bus.log.warn(
          { err: error, subject },
          'failed to delete old journal entries, retrying with the next snapshot',
        );
      }
    },

    async time() {
      const { streams } = await manager();
      let best: BrokerTime | undefined;
      for (let sample = 0; sample < timeSamples && (best?.tookMs ?? Infinity) > fastEnoughMs; sample += 1) {
        const requestedAt = machine.elapsed();
        const { ts } = await retryWhileUnavailable(() => streams.info(stream));
        const receivedAt = machine.elapsed();
        const tookMs = receivedAt - requestedAt;
        const realMs = Date.parse(ts ?? '');
        if (Number.isNaN(realMs)) throw new Error('the broker sent no time');
        if (!best || tookMs < best.tookMs) best = { realMs, receivedAt, tookMs };
      }
      return best as BrokerTime;
    },
  };
}

/**
 * Real ms after which an append counts as unknown. A leader election takes at least as long, so a shorter time would
 * gain nothing.
 */
const appendTimeoutMs = 2_000;

/** Requests for the broker's time, of which the fastest is used; one within `fastEnoughMs` ends the sampling. */
const timeSamples = 5;
const fastEnoughMs = 1;

const isWrongSequence = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);

/** Entries read in parallel, each with its own request. */
const parallelReads = 16;

/**
 * The messages of a subject between two stream sequences, inclusive and in order. Each is read from the stream's
 * leader: a consumer would need the cluster's leader, which may be down too.
 */
export async function entriesBetween(
  { streams }: JetStreamManager,
  subject: string,
  from: number,
  to: number,
): Promise<StoredMsg[]> {
  const share = Math.ceil((to - from + 1) / parallelReads);
  const parts = Array.from({ length: parallelReads }, async (_, index) => {
    const start = from + index * share;
    const end = Math.min(to, start + share - 1);
    const found: StoredMsg[] = [];
    for (let next = start; next <= end;) {
      const query = { seq: next, next_by_subj: subject };
      const stored = await retryWhileUnavailable(() => streams.getMessage(catalog.journal.stream, query));
      if (!stored || stored.seq > end) break;
      found.push(stored);
      next = stored.seq + 1;
    }
    return found;
  });
  return (await Promise.all(parts)).flat();
}

/** The same journal, which also reports the sequence of each claim. */
export const observed = (journal: Journal, onClaimed: (sequence: number) => void): Journal => ({
  ...journal,
  async append(entry) {
    const sequence = await journal.append(entry);
    if (entry.entry === 'facts' && entry.facts.some(({ fact }) => fact === 'claimed')) onClaimed(sequence);
    return sequence;
  },
});
