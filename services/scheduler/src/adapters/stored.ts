import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { scheduleBucket, scheduleKey, type StoredSchedule, storedSchedule } from '@paceline/shared/contracts';
import type { SyncKind } from '@paceline/shared/definition';
import {
  type Bus,
  openScheduleBucket,
  retryWhileUnavailable,
  type ScheduleBucket,
} from '@paceline/shared/messaging';

interface Version {
  readonly version: number;
  readonly kept: StoredSchedule;
}

/** The schedule in force, as all schedulers together keep it on the broker. */
export interface InForce extends Pick<ScheduleBucket, 'find'> {
  /** @throws {Error} when there is none */
  read(): Promise<Version>;
  /** Replaces `version` by another one. Undefined: another scheduler was first. */
  replace(version: number, kept: StoredSchedule): Promise<Version | undefined>;
  /** Aborts as soon as another schedule is in force. */
  changed(): AbortSignal;
}

export async function openInForce(bus: Bus): Promise<InForce> {
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
    async read() {
      const { version, kept } = await find();
      if (!kept) throw new Error('no schedule is in force');
      return { version, kept };
    },
    async replace(version, kept) {
      const text = JSON.stringify(storedSchedule.parse(kept));
      try {
        return { version: await bucket.put(scheduleKey, text, { previousSeq: version }), kept };
      } catch (error) {
        if (isWrongSequence(error)) return undefined;
        throw error;
      }
    },
    changed: () => change.signal,
  };
}

const isWrongSequence = (error: unknown): boolean =>
  error instanceof JetStreamApiError && wrongSequence.has(error.code);

const wrongSequence: ReadonlySet<number> = new Set([
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]);

/** How far all schedulers together have come, as they keep it on the broker. */
export interface Handled {
  /** When the last slot of a kind that was dealt with was to open; of `told` the last version that was announced. */
  last(what: SyncKind | 'told'): Promise<number | undefined>;
  /** Written after the message is sent: a scheduler that dies in between sends it again, and the broker drops it. */
  remember(what: SyncKind | 'told', last: number): Promise<void>;
}

export async function openHandled(bus: Bus): Promise<Handled> {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open('SCHEDULER'));
  return {
    async last(what) {
      const entry = await retryWhileUnavailable(() => bucket.get(what));
      return entry ? Number(entry.string()) : undefined;
    },
    async remember(what, last) {
      await retryWhileUnavailable(() => bucket.put(what, String(last)));
    },
  };
}
