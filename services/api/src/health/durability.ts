import type { Machine } from '@paceline/shared/clock';
import { type Durability, durabilityNotice } from '@paceline/shared/contracts';
import { type Bus, readDurability } from '@paceline/shared/messaging';
import type { Logger } from '@paceline/shared/telemetry';
import { orAborted } from '../broker.ts';
import { repeat } from '../repeat.ts';

/** Real ms between two reads: a later provisioning can change it. */
const readEveryMs = 60_000;

export interface DurabilityWatch {
  /** As recorded by the last provisioning; undefined until it has been read. */
  durability(): Durability | undefined;
  stop(): Promise<void>;
}

interface DurabilityPorts {
  readonly connected: Promise<Bus>;
  readonly machine: Machine;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Reads whether a power cut can lose what the broker has acknowledged, and logs it when it can. */
export function watchDurability({ connected, machine, log, signal }: DurabilityPorts): DurabilityWatch {
  let known: Durability | undefined;
  const read = async () => {
    try {
      const found = await orAborted(connected.then(readDurability), signal);
      const { title, reason, advice } = durabilityNotice(found);
      if (title !== null && JSON.stringify(found) !== JSON.stringify(known))
        log.warn({ durability: found, reason, advice }, title);
      known = found;
    } catch (error) {
      // A broker that is down is reported as such.
      log.debug({ err: error }, 'failed to read the durability of the broker');
    }
  };
  const reads = repeat(machine, read, () => readEveryMs);
  signal.addEventListener('abort', () => void reads.stop(), { once: true });
  return { durability: () => known, stop: () => reads.stop() };
}
