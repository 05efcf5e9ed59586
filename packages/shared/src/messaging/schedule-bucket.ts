import { type KV, Kvm } from '@nats-io/kv';
import {
  type StoredSchedule,
  storedSchedule,
  scheduleBucket,
  scheduleKey,
  type SyncMode,
} from '../contracts/index.ts';
import type { SyncKind } from '../definition/index.ts';
import { type Bus, retryWhileUnavailable } from './bus.ts';

/** The schedule in force, as it is stored on the broker. */
export interface ScheduleBucket {
  readonly bucket: KV;
  /** `kept` undefined: there is none yet (version 0), or none that can be read. */
  find(): Promise<{ readonly version: number; readonly kept: StoredSchedule | undefined }>;
  /** How a kind runs now; as long as there is no schedule it is on. */
  modeOf(kind: SyncKind): Promise<SyncMode>;
}

export async function openScheduleBucket(bus: Bus): Promise<ScheduleBucket> {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open(scheduleBucket));
  const find = async () => {
    const entry = await retryWhileUnavailable(() => bucket.get(scheduleKey));
    return { version: entry?.revision ?? 0, kept: entry ? parsed(entry.string()) : undefined };
  };
  return {
    bucket,
    find,
    modeOf: async (kind) => (await find()).kept?.eras.at(-1)?.settings.kinds[kind].mode ?? 'on',
  };
}

function parsed(text: string): StoredSchedule | undefined {
  try {
    return storedSchedule.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
