import { jetstreamManager } from '@nats-io/jetstream';
import { cpuTimes, sharesBetween } from '@paceline/kit/processes';
import type { TestStack } from '@paceline/kit/stack';
import { quantile } from '@paceline/kit/statistics';
import { connect } from '@paceline/shared/messaging';

export type LoadFigures = Awaited<ReturnType<typeof measure>>;

interface RequestLoad {
  readonly inFlight: number;
  /** Real ms for which new requests are begun. */
  readonly lasts: number;
  /** One request; returns how much it brought, 0 when it was refused. */
  once(): Promise<number>;
}

/** Keeps a number of requests in flight for a while, and ends with the last answer. */
export async function measure(stack: TestStack, { inFlight, lasts, once }: RequestLoad) {
  const took: number[] = [];
  let brought = 0;
  let refused = 0;
  const journal = await journalBytes(stack);
  const before = await cpuTimes(stack);
  const from = performance.now();
  const worker = async () => {
    while (performance.now() - from < lasts) {
      const began = performance.now();
      const amount = await once();
      brought += amount;
      if (amount > 0) took.push(performance.now() - began);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const ms = performance.now() - from;
  const after = await cpuTimes(stack);
  return {
    perSecond: (brought / ms) * 1_000,
    /** Real ms of one request that was answered as hoped for. */
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    refused,
    /** By which the limiter's journal grew, for each thing that was brought. */
    journalBytes: ((await journalBytes(stack)) - journal) / brought,
    cpu: sharesBetween(before, after),
  };
}

/** How much the limiter's journal holds, in bytes. */
async function journalBytes(stack: TestStack): Promise<number> {
  const connection = await connect(stack.broker.adminUrl, 'provision');
  try {
    const manager = await jetstreamManager(connection);
    return (await manager.streams.info('LIMITER_JOURNAL')).state.bytes;
  } finally {
    await connection.close();
  }
}
