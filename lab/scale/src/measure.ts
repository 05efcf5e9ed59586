import { jetstreamManager } from '@nats-io/jetstream';
import { type RequestLoad, runLoad } from '@paceline/kit/load';
import { processesOf } from '@paceline/kit/processes';
import type { TestStack } from '@paceline/kit/stack';
import { quantile } from '@paceline/kit/statistics';
import { connect } from '@paceline/shared/messaging';

export type LoadFigures = Awaited<ReturnType<typeof measure>>;

/** Runs a load on a system, and what it adds to the limiter's journal. */
export async function measure(stack: TestStack, load: RequestLoad) {
  const journal = await journalBytes(stack);
  const { completed, took, ...rest } = await runLoad(processesOf(stack), load);
  return {
    ...rest,
    /** Real ms per successful request. */
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    /** Growth of the limiter's journal per completed unit. */
    journalBytes: ((await journalBytes(stack)) - journal) / completed,
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
