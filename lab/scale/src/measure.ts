import { jetstreamManager } from '@nats-io/jetstream';
import { cpuTimes, sharesBetween } from '@paceline/kit/processes';
import type { TestStack } from '@paceline/kit/stack';
import { quantile } from '@paceline/kit/statistics';
import { connect } from '@paceline/shared/messaging';

export type LoadFigures = Awaited<ReturnType<typeof measure>>;

interface RequestLoad {
  readonly inFlight: number;
  /** Real ms during which new requests are started. */
  readonly lasts: number;
  /** Makes one request. @returns the units of work it completed, 0 when refused */
  once(): Promise<number>;
}

/** Keeps a number of requests in flight for a while; ends with the last response. */
export async function measure(stack: TestStack, { inFlight, lasts, once }: RequestLoad) {
  const took: number[] = [];
  let completed = 0;
  let refused = 0;
  const journal = await journalBytes(stack);
  const before = await cpuTimes(stack);
  const from = performance.now();
  const worker = async () => {
    while (performance.now() - from < lasts) {
      const startedAt = performance.now();
      const amount = await once();
      completed += amount;
      if (amount > 0) took.push(performance.now() - startedAt);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const ms = performance.now() - from;
  const after = await cpuTimes(stack);
  return {
    perSecond: (completed / ms) * 1_000,
    /** Real ms per successful request. */
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    refused,
    /** Growth of the limiter's journal per completed unit. */
    journalBytes: ((await journalBytes(stack)) - journal) / completed,
    cpu: sharesBetween(before, after),
  };
}

/** Size of the limiter's journal. */
async function journalBytes(stack: TestStack): Promise<number> {
  const connection = await connect(stack.broker.adminUrl, 'provision');
  try {
    const manager = await jetstreamManager(connection);
    return (await manager.streams.info('LIMITER_JOURNAL')).state.bytes;
  } finally {
    await connection.close();
  }
}
