import { migrate } from '@paceline/shared/database';
import { connect, provision } from '@paceline/shared/messaging';

/** Brings streams, consumers and tables to what this version needs. Safe to repeat, and with several at once. */
export async function prepare(natsUrl: string, databaseUrl: string): Promise<void> {
  const connection = await connect(natsUrl, 'provision');
  try {
    await provision(connection);
  } finally {
    await connection.close();
  }
  await migrate(databaseUrl);
}
