import { Kvm } from '@nats-io/kv';
import {
  type StoredSchedule,
  storedSchedule,
  scheduleBucket,
  scheduleKey,
  type SyncMode,
} from '../contracts/index.ts';
import type { SyncKind } from '../definition/index.ts';
import { BadPayload, type Bus, decode, retryWhileUnavailable } from './bus.ts';

export type ScheduleBucket = Awaited<ReturnType<typeof openScheduleBucket>>;

/** What is stored. A schedule that can't be read is in doubt: the last readable one that this process saw stands. */
export interface FoundSchedule {
  /** 0: there is none. */
  readonly version: number;
  /** Undefined when there is none, or none that could be read since this process started. */
  readonly stored: StoredSchedule | undefined;
  /** Why the stored one can't be read. */
  readonly problem?: string;
}

/** The bucket of the schedule in force. */
export async function openScheduleBucket(bus: Bus) {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open(scheduleBucket));
  let lastReadable: StoredSchedule | undefined;
  let reported = 0;
  const find = async (): Promise<FoundSchedule> => {
    const entry = await retryWhileUnavailable(() => bucket.get(scheduleKey));
    if (!entry) return { version: 0, stored: undefined };
    const { revision: version, value } = entry;
    try {
      lastReadable = decode(storedSchedule, value);
      return { version, stored: lastReadable };
    } catch (error) {
      if (!(error instanceof BadPayload)) throw error;
      const problem = error.message;
      if (reported !== version)
        bus.log.error({ version, problem }, 'stored schedule unreadable, keeping the last readable one');
      reported = version;
      return { version, stored: lastReadable, problem };
    }
  };
  return {
    bucket,
    find,
    /** The mode of a kind now: off while paused, on while there is no schedule, observed while none could be read. */
    modeOf: async (kind: SyncKind, now: number): Promise<SyncMode> => {
      const { version, stored } = await find();
      const period = stored?.periods.at(-1);
      if (!period) return version === 0 ? 'on' : 'observed';
      return (period.pausedUntil?.[kind] ?? 0) > now ? 'off' : period.settings.kinds[kind].mode;
    },
  };
}
