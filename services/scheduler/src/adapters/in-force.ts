import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { type StoredSchedule, storedSchedule, scheduleBucket, scheduleKey } from '@paceline/shared/contracts';
import { type Bus, openScheduleBucket, type ScheduleBucket } from '@paceline/shared/messaging';

/** The kept schedule and its version. */
export interface Version {
  readonly version: number;
  readonly kept: StoredSchedule;
}

/** The schedule in force, as all schedulers together keep it on the broker. */
export interface InForce extends Pick<ScheduleBucket, 'find'> {
  /** @throws {Error} when there is none */
  read(): Promise<Version>;
  /** Puts another one in the place of `version`. Undefined: somebody else was first. */
  replace(version: number, kept: StoredSchedule): Promise<Version | undefined>;
  /** Aborts as soon as another schedule is in force. */
  changed(): AbortSignal;
}

export async function openInForce(bus: Bus): Promise<InForce> {
  const { bucket, find } = await openScheduleBucket(bus);
  let change = new AbortController();
  // What is put into a bucket is published there: whoever listens hears it at once, without a consumer.
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
