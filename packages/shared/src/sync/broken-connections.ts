import type { Pool } from 'pg';
import type { Database } from '../database/index.ts';

/**
 * Hears of connections that break while a transaction holds them. The pool listens only to idle ones; an error that
 * nobody listens to would end the process.
 */
export function onBrokenConnection(db: Database, hear: (error: Error) => void): void {
  const { $client: pool } = db as Database & { readonly $client: Pool };
  pool.on('connect', (client) => client.on('error', hear));
}
