import { DeliverPolicy, JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { catalog, type JournalEntry, subjectOf } from '@paceline/shared/contracts';
import { type Bus, decode, encode, retryWhileUnavailable } from '@paceline/shared/messaging';

/** Another owner has appended since: this one may no longer decide. */
export class JournalTaken extends Error {
  override name = 'JournalTaken';
}

/** The ledger of one partition on the broker: one subject, appended to by whoever saw its last entry. */
export interface Journal {
  /** The entries from the last snapshot on, oldest first. Afterwards `append` continues from the last of them. */
  read(): Promise<JournalEntry[]>;
  /**
   * Appends if nobody else has since the last read or append, and resolves to the entry's sequence.
   * @throws {JournalTaken} when somebody has; any other error leaves open whether the entry was stored
   */
  append(entry: JournalEntry): Promise<number>;
}

export function openJournal(bus: Bus, partition: number): Journal {
  const { stream, payload } = catalog.journal;
  const subject = subjectOf(catalog.journal, { partition });
  let last = 0;

  return {
    async read() {
      const entries: JournalEntry[] = [];
      last = 0;
      const consumer = await retryWhileUnavailable(() =>
        bus.js.consumers.get(stream, { filter_subjects: subject, deliver_policy: DeliverPolicy.All }),
      );
      const { num_pending: pending } = await retryWhileUnavailable(() => consumer.info());
      if (pending === 0) return entries;
      try {
        // A broker that dies meanwhile is noticed soon: until the journal is read nobody may call.
        for await (const message of await consumer.consume({ expires: 2_000, idle_heartbeat: 500 })) {
          entries.push(decode(payload, message.data));
          last = message.seq;
          if (message.info.pending === 0) break;
        }
        return entries;
      } finally {
        await consumer.delete().catch(() => undefined);
      }
    },

    async append(entry) {
      const carried = headers();
      // A snapshot says all that the entries before it said: the broker drops them.
      if (entry.entry === 'snapshot') carried.set('Nats-Rollup', 'sub');
      try {
        const { seq } = await bus.js.publish(subject, encode(payload, entry), {
          headers: carried,
          expect: { lastSubjectSequence: last },
          timeout: 5_000,
        });
        last = seq;
        return seq;
      } catch (error) {
        if (isWrongSequence(error)) throw new JournalTaken(`the journal ${subject} has moved on without us`);
        throw error;
      }
    },
  };
}

const isWrongSequence = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
    error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown);
