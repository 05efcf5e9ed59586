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

/** Another owner has appended since: this one may no longer decide. */
export class JournalTaken extends Error {
  override name = 'JournalTaken';
}

/** What the broker's clock said, ms since the epoch, and when that was heard by the machine's `elapsed`. */
export interface BrokerMoment {
  readonly realMs: number;
  readonly heardAt: number;
  /** How long the answer took, real ms: by so much it may be behind. */
  readonly tookMs: number;
}

/** What the journal tells of the past. */
export interface StoredJournal {
  /** Everything of weight, oldest first. */
  readonly entries: readonly JournalEntry[];
  /** When the broker stored the last of them, real ms; undefined when there is none. */
  readonly lastStoredAt: number | undefined;
  /** 0 when there is none. */
  readonly lastSequence: number;
}

export type Content =
  | { readonly entry: 'facts'; readonly facts: Fact[] }
  | {
      readonly entry: 'snapshot';
      readonly owner: string;
      readonly at: number;
      readonly lostAt: number | null;
      readonly budgets: BudgetRecord[];
    };

/** The ledger of one partition on the broker: one subject, appended to by whoever saw its last entry. */
export interface Journal {
  /** Reads what is of weight. Afterwards `append` continues from the last entry. */
  read(): Promise<StoredJournal>;
  /**
   * Appends if nobody else has since the last read or append, and resolves to the entry's sequence.
   * @throws {JournalTaken} when somebody has; any other error leaves open whether the entry was stored
   */
  append(content: Content): Promise<number>;
  /** From the next entry on, whoever recovers reads from `sequence`; of what is older some is kept as history. */
  recoverFrom(sequence: number): Promise<void>;
  /** What the broker's clock says. */
  time(): Promise<BrokerMoment>;
}

/**
 * Not divided: each method reads or moves the two sequences that decide what may be appended.
 * @param options.history how many entries are kept to look back at
 */
export function openJournal(
  bus: Bus,
  partition: number,
  { history = 20_000, machine = thisMachine }: { history?: number; machine?: Machine } = {},
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
      if (!latest) return { entries: [], lastStoredAt: undefined, lastSequence: 0 };
      // Behind what a stranger wrote only the entries before it say where to begin.
      const begin = journalEntryOf(latest)?.recoverFrom ?? 0;
      const stored = await entriesBetween(await manager(), subject, Math.max(1, begin), last);
      if (stored.at(-1)?.seq !== last) throw new Error(`the journal ${subject} was emptied meanwhile`);
      const written = stored.flatMap((each) => {
        const entry = journalEntryOf(each);
        return entry ? [{ sequence: each.seq, storedAt: each.time.getTime(), entry }] : [];
      });
      if (written.length < stored.length)
        bus.log.error({ subject }, 'somebody else has written into the journal');
      recoverFrom = written.at(-1)?.entry.recoverFrom ?? 0;
      return {
        entries: written.filter(({ sequence }) => sequence >= recoverFrom).map(({ entry }) => entry),
        lastStoredAt: written.at(-1)?.storedAt,
        lastSequence: written.at(-1)?.sequence ?? 0,
      };
    },

    async append(content) {
      try {
        const { seq } = await bus.js.publish(subject, encode(payload, { ...content, recoverFrom }), {
          headers: journalHeaders(),
          expect: { lastSubjectSequence: last },
          timeout: unknownAfterMs,
        });
        last = seq;
        return seq;
      } catch (error) {
        if (isWrongSequence(error)) throw new JournalTaken(`the journal ${subject} has moved on without us`);
        throw error;
      }
    },

    async recoverFrom(sequence) {
      // What is cut off is older than what even an owner that has not seen the new mark would read.
      const keep = Math.max(history, last - recoverFrom + 1);
      recoverFrom = sequence;
      try {
        const { streams } = await manager();
        await streams.purge(stream, { filter: subject, keep });
      } catch (error) {
        bus.log.warn({ err: error, subject }, 'old entries were not cut off, that waits for the next time');
      }
    },

    async time() {
      const { streams } = await manager();
      let best: BrokerMoment | undefined;
      for (let sample = 0; sample < timeSamples && (best?.tookMs ?? Infinity) > soonMs; sample += 1) {
        const askedAt = machine.elapsed();
        const { ts } = await retryWhileUnavailable(() => streams.info(stream));
        const heardAt = machine.elapsed();
        const tookMs = heardAt - askedAt;
        const realMs = Date.parse(ts ?? '');
        if (Number.isNaN(realMs)) throw new Error('the broker does not tell its time');
        if (!best || tookMs < best.tookMs) best = { realMs, heardAt, tookMs };
      }
      return best as BrokerMoment;
    },
  };
}

/**
 * Real ms after which it counts as unknown whether an entry was stored. No election is over earlier, so nothing is gained
 * by less.
 */
const unknownAfterMs = 2_000;

/** The broker is asked for its time so often, unless it answers within `soonMs`: the quickest answer is the truest. */
const timeSamples = 5;
const soonMs = 1;

const isWrongSequence = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);

/** Entries that are read at once: each is a request of its own. */
const hands = 16;

/**
 * The messages of a subject from one place of the journal's stream to another, both included, in order. The stream's
 * leader is asked for each: a consumer would have to be made by the leader of the whole cluster, who may be away as well.
 */
export async function entriesBetween(
  { streams }: JetStreamManager,
  subject: string,
  from: number,
  to: number,
): Promise<StoredMsg[]> {
  const share = Math.ceil((to - from + 1) / hands);
  const parts = Array.from({ length: hands }, async (_, hand) => {
    const begin = from + hand * share;
    const end = Math.min(to, begin + share - 1);
    const found: StoredMsg[] = [];
    for (let next = begin; next <= end;) {
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
