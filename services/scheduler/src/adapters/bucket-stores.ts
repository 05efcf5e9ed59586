import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { scheduleBucket, scheduleKey, type StoredSchedule, storedSchedule } from '@paceline/shared/contracts';
import type { SyncKind } from '@paceline/shared/definition';
import {
  type Bus,
  type FoundSchedule,
  openScheduleBucket,
  retryWhileUnavailable,
} from '@paceline/shared/messaging';

/** The schedule in force. With a `problem` the stored one can't be read, and `version` is that of the stored one. */
export type ReadSchedule = FoundSchedule & { readonly stored: StoredSchedule };

export type ScheduleStore = Awaited<ReturnType<typeof openScheduleStore>>;

/** The schedule in force, stored on the broker and shared by all schedulers. */
export async function openScheduleStore(bus: Bus) {
  const { bucket, find } = await openScheduleBucket(bus);
  let change = new AbortController();
  // A put into the bucket publishes on this subject, so a plain subscription sees each change.
  bus.connection.subscribe(`$KV.${scheduleBucket}.${scheduleKey}`, {
    callback: () => {
      change.abort();
      change = new AbortController();
    },
  });
  return {
    find,
    /** @throws {Error} when no schedule is stored */
    async read(): Promise<ReadSchedule> {
      const { stored, ...found } = await find();
      if (!stored) throw new Error('no schedule is in force');
      return { ...found, stored };
    },
    /** Replaces `version`. Undefined when another scheduler was first. */
    async replace(version: number, stored: StoredSchedule) {
      const text = JSON.stringify(storedSchedule.parse(stored));
      try {
        return { version: await bucket.put(scheduleKey, text, { previousSeq: version }), stored };
      } catch (error) {
        if (isWrongSequence(error)) return undefined;
        throw error;
      }
    },
    /** Aborts at the next change of the schedule. */
    changed: () => change.signal,
  };
}

const isWrongSequence = (error: unknown): boolean =>
  error instanceof JetStreamApiError && wrongSequence.has(error.code);

const wrongSequence: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

export type SchedulerProgress = Awaited<ReturnType<typeof openProgress>>;

/** The last slots and schedule version handled, stored on the broker and shared by all schedulers. */
export async function openProgress(bus: Bus) {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open('SCHEDULER'));
  return {
    /** For a kind: opening time of the last handled slot. For `announced`: the last announced version. */
    async last(key: SyncKind | 'announced') {
      const entry = await retryWhileUnavailable(() => bucket.get(key));
      if (!entry) return undefined;
      const last = Number(entry.string() || Number.NaN);
      if (Number.isFinite(last)) return last;
      // As at the first start: only slots that are open now are due.
      bus.log.error({ key, stored: entry.string().slice(0, 100) }, 'stored progress unreadable, ignoring it');
      return undefined;
    },
    /** Call after publishing: after a crash in between, the message is published again and the broker drops it. */
    async store(key: SyncKind | 'announced', last: number) {
      await retryWhileUnavailable(() => bucket.put(key, String(last)));
    },
  };
}
