import { setTimeout as wait } from 'node:timers/promises';
import { NoRespondersError, RequestError } from '@nats-io/nats-core';
import { catalog } from '@paceline/shared/contracts';
import { type Bus, request } from '@paceline/shared/messaging';
import type { Partition } from './partition.ts';
import { serve } from './serve.ts';

/** Real ms between two looks at whether a partition's owner is there, and how long an answer may take. */
const lookEvery = 1_000;
const patience = 1_500;
/** An owner that is busy or reads its journal may miss a look; one that is frozen misses them all. */
const missesAllowed = 3;

/** A partition that this process owns or stands by for. */
export interface Held {
  /** The partition while it is ours. */
  current(): Partition | undefined;
  /** Whether the partition has an owner that can answer: another process, or this one. */
  ready(): boolean;
  close(): Promise<void>;
}

/**
 * Sees to it that a partition has an owner: opens it when nobody answers for it, answers for it until somebody else
 * claims it, and stands by again. The journal alone decides who may commit; this only decides who tries.
 */
export function holdPartition(bus: Bus, partition: number, open: () => Partition): Held {
  const closing = new AbortController();
  let current: Partition | undefined;
  let standingBy = false;

  const hold = async () => {
    for (let misses = 0; !closing.signal.aborted;) {
      const found = await findOwner(bus, partition);
      misses = found === 'silent' ? misses + 1 : 0;
      standingBy = found === 'there';
      if (found === 'there' || (found === 'silent' && misses < missesAllowed)) {
        await wait(lookEvery, undefined, { signal: closing.signal }).catch(() => undefined);
        continue;
      }
      if (closing.signal.aborted) return;
      current = open();
      const stopServing = serve(bus, partition, current);
      await current.ended;
      stopServing();
      current = undefined;
    }
  };
  const holding = hold();

  return {
    current: () => current,
    ready: () => standingBy || current?.ready() === true,
    async close() {
      closing.abort();
      await current?.close();
      await holding;
    },
  };
}

type Owner = 'there' | 'silent' | 'gone';

async function findOwner(bus: Bus, partition: number): Promise<Owner> {
  try {
    await request(bus, catalog.status, { partition }, { account: 'nobody' }, patience);
    return 'there';
  } catch (error) {
    const nobody =
      error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
    return nobody ? 'gone' : 'silent';
  }
}
