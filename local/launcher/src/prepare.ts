import type { Config } from '@paceline/shared/config';
import { migrate } from '@paceline/shared/database';
import { connect, provision } from '@paceline/shared/messaging';

/** How long, and how much of it, the broker keeps what was told and what was set aside. */
export const keptByBroker = [
  'RETENTION_EVENT_STREAM',
  'RETENTION_EVENT_STREAM_SIZE',
  'RETENTION_DEAD_LETTERS',
  'RETENTION_DEAD_LETTERS_SIZE',
] as const;

/** Brings streams (with `replicas` copies), consumers and tables up to date. Safe to repeat and to run concurrently. */
export async function prepare(
  natsUrl: string,
  databaseUrl: string,
  replicas: number,
  kept: Config<(typeof keptByBroker)[number]>,
): Promise<void> {
  const connection = await connect(natsUrl, 'provision');
  try {
    await provision(connection, replicas, {
      EVENTS: { maxAgeMs: kept.RETENTION_EVENT_STREAM, maxBytes: kept.RETENTION_EVENT_STREAM_SIZE },
      DEAD_LETTERS: { maxAgeMs: kept.RETENTION_DEAD_LETTERS, maxBytes: kept.RETENTION_DEAD_LETTERS_SIZE },
    });
  } finally {
    await connection.close();
  }
  await migrate(databaseUrl);
}
