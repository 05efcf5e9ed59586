import type { Config } from '@paceline/shared/config';
import { durabilityNotice, type Origin } from '@paceline/shared/contracts';
import { databaseOrigin, markDatabase, migrate, openDatabase } from '@paceline/shared/database';
import {
  brokerOrigin,
  connect,
  markBroker,
  proveDurability,
  provision,
  recordDurability,
} from '@paceline/shared/messaging';
import { assertOwnState } from '@paceline/shared/runtime';

/** The variables that bound how long and how much the broker keeps. */
export const retentionVariables = [
  'RETENTION_EVENT_STREAM',
  'RETENTION_EVENT_STREAM_SIZE',
  'RETENTION_DEAD_LETTERS',
  'RETENTION_DEAD_LETTERS_SIZE',
  'RETENTION_TICKS_SIZE',
  'RETENTION_COMMANDS_SIZE',
  'RETENTION_BUCKET_SIZE',
] as const;
export const optionalRetentionVariables = ['RETENTION_JOURNAL_SIZE'] as const;

/**
 * Brings streams (`replicas` copies), consumers and tables up to date. Safe to repeat and to run concurrently.
 * @param broker with the monitoring URLs of all its servers, to find out and record whether a power cut can lose messages
 * @param own marks broker and database; undefined: unknown, so one without a mark gets that of the other
 * @throws {ConfigError} before anything is changed, when the state belongs to another upstream or clock
 */
export async function prepare(
  broker: { readonly url: string; readonly monitorUrls: readonly string[] },
  databaseUrl: string,
  replicas: number,
  retention: Config<(typeof retentionVariables)[number], (typeof optionalRetentionVariables)[number]>,
  own: Origin | undefined,
): Promise<void> {
  const connection = await connect(broker.url, 'provision', {
    onWaiting: (reason) => console.error(`Waiting for the broker: ${reason}`),
  });
  const database = openDatabase(databaseUrl, () => undefined, { connections: 1, maxWaitMs: 10_000 });
  try {
    await database.ping();
    const marks = { broker: await brokerOrigin(connection), database: await databaseOrigin(database.db) };
    assertOwnState(marks, own ?? {});
    const { RETENTION_JOURNAL_SIZE: journalBytes } = retention;
    const limits = {
      TICKS: { maxBytes: retention.RETENTION_TICKS_SIZE },
      COMMANDS: { maxBytes: retention.RETENTION_COMMANDS_SIZE },
      ...(journalBytes !== undefined && { LIMITER_JOURNAL: { maxBytes: journalBytes } }),
      EVENTS: { maxAgeMs: retention.RETENTION_EVENT_STREAM, maxBytes: retention.RETENTION_EVENT_STREAM_SIZE },
      DEAD_LETTERS: {
        maxAgeMs: retention.RETENTION_DEAD_LETTERS,
        maxBytes: retention.RETENTION_DEAD_LETTERS_SIZE,
      },
    };
    await Promise.all([
      provision(connection, replicas, limits, retention.RETENTION_BUCKET_SIZE),
      migrate(databaseUrl),
    ]);
    const origin = own ?? marks.broker ?? marks.database;
    if (origin) await Promise.all([markBroker(connection, origin), markDatabase(database.db, origin)]);
    const found = await proveDurability(connection, broker.monitorUrls);
    await recordDurability(connection, found);
    const { title, reason, advice } = durabilityNotice(found);
    if (title !== null) console.error(`${title}. ${reason} ${advice}`);
  } finally {
    await Promise.all([connection.close(), database.close()]);
  }
}
