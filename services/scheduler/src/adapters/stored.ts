import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { scheduleBucket, scheduleKey, type StoredSchedule, storedSchedule } from '@paceline/shared/contracts';
import type { SyncKind } from '@paceline/shared/definition';
import { type Bus, openScheduleBucket, retryWhileUnavailable } from '@paceline/shared/messaging';

export type InForce = Awaited<ReturnType<typeof openInForce>>;

/** The schedule in force, as all schedulers together keep it on the broker. */
export async function openInForce(bus: Bus) {
  const { bucket, find } = await openScheduleBucket(bus);
  let change = new AbortController();
  // What is put into a bucket is published there: no consumer is needed to hear of it at once.
  bus.connection.subscribe(`$KV.${scheduleBucket}.${scheduleKey}`, {
    callback: () => {
      change.abort();
      change = new AbortController();
    },
  });
  return {
    find,
    /** @throws {Error} when there is none */
    async read() {
      const { version, kept } = await find();
      if (!kept) throw new Error('no schedule is in force');
      return { version, kept };
    },
    /** Replaces `version` by another one. Undefined: another scheduler was first. */
    async replace(version: number, kept: StoredSchedule) {
      const text = JSON.stringify(storedSchedule.parse(kept));
      try {
        return { version: await bucket.put(scheduleKey, text, { previousSeq: version }), kept };
      } catch (error) {
        if (isWrongSequence(error)) return undefined;
        throw error;
      }
    },
    /** Aborts as soon as another schedule is in force. */
    changed: () => change.signal,
  };
}

const isWrongSequence = (error: unknown): boolean =>
  error instanceof JetStreamApiError && wrongSequence.has(error.code);

const wrongSequence: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

export type Handled = Awaited<ReturnType<typeof openHandled>>;

/** How far all schedulers together have come, as they keep it on the broker. */
export async function openHandled(bus: Bus) {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open('SCHEDULER'));
  return {
    /** When the last slot of a kind that was dealt with was to open; of `announced` the last version that was. */
    async last(what: SyncKind | 'announced') {
      const entry = await retryWhileUnavailable(() => bucket.get(what));
      return entry ? Number(entry.string()) : undefined;
    },
    /** Written after the message is sent: a scheduler that dies in between sends it again, and the broker drops it. */
    async remember(what: SyncKind | 'announced', last: number) {
      await retryWhileUnavailable(() => bucket.put(what, String(last)));
    },
  };
}
