import type { Config } from '@paceline/shared/config';
import { migrate } from '@paceline/shared/database';
import { connect, provision } from '@paceline/shared/messaging';

/** The variables that bound how long and how much the broker keeps of events and dead letters. */
export const retentionVariables = [
  'RETENTION_EVENT_STREAM',
  'RETENTION_EVENT_STREAM_SIZE',
  'RETENTION_DEAD_LETTERS',
  'RETENTION_DEAD_LETTERS_SIZE',
] as const;

/** Brings streams (`replicas` copies), consumers and tables up to date. Safe to repeat and to run concurrently. */
export async function prepare(
  natsUrl: string,
  databaseUrl: string,
  replicas: number,
  retention: Config<(typeof retentionVariables)[number]>,
): Promise<void> {
  const connection = await connect(natsUrl, 'provision', {
    onWaiting: (reason) => console.error(`Waiting for the broker: ${reason}`),
  });
  try {
    await provision(connection, replicas, {
      EVENTS: { maxAgeMs: retention.RETENTION_EVENT_STREAM, maxBytes: retention.RETENTION_EVENT_STREAM_SIZE },
      DEAD_LETTERS: {
        maxAgeMs: retention.RETENTION_DEAD_LETTERS,
        maxBytes: retention.RETENTION_DEAD_LETTERS_SIZE,
      },
    });
  } finally {
    await connection.close();
  }
  await migrate(databaseUrl);
}
