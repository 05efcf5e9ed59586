import { Kvm } from '@nats-io/kv';
import {
  type StoredSchedule,
  storedSchedule,
  scheduleBucket,
  scheduleKey,
  type SyncMode,
} from '../contracts/index.ts';
import type { SyncKind } from '../definition/index.ts';
import { type Bus, retryWhileUnavailable } from './bus.ts';

export type ScheduleBucket = Awaited<ReturnType<typeof openScheduleBucket>>;

/** The bucket of the schedule in force. */
export async function openScheduleBucket(bus: Bus) {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open(scheduleBucket));
  const find = async () => {
    const entry = await retryWhileUnavailable(() => bucket.get(scheduleKey));
    return { version: entry?.revision ?? 0, stored: entry ? parsed(entry.string()) : undefined };
  };
  return {
    bucket,
    /** `stored` is undefined when there is no schedule yet (version 0) or it can't be parsed. */
    find,
    /** The mode of a kind now; on while there is no schedule. */
    modeOf: async (kind: SyncKind): Promise<SyncMode> =>
      (await find()).stored?.periods.at(-1)?.settings.kinds[kind].mode ?? 'on',
  };
}

function parsed(text: string): StoredSchedule | undefined {
  try {
    return storedSchedule.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
