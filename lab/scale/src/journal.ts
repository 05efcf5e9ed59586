import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@paceline/shared/messaging';
import type { TestStack } from '@paceline/kit/stack';

/** How much the limiter's journal holds, in bytes. */
export async function journalBytes(stack: TestStack): Promise<number> {
  const connection = await connect(stack.broker.adminUrl, 'provision');
  try {
    const manager = await jetstreamManager(connection);
    return (await manager.streams.info('LIMITER_JOURNAL')).state.bytes;
  } finally {
    await connection.close();
  }
}
