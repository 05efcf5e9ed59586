import pg from 'pg';
import type { Origin } from '../contracts/index.ts';
import { isUnknownTable, rethrowExplained } from './errors.ts';
import { MeasuredClient, measurePool } from './measured.ts';

export { isDatabaseUnavailable } from './errors.ts';

export type Pool = pg.Pool;

/**
 * Real ms after which a server that says nothing counts as gone, and the connection as broken: for a new connection, a
 * readiness check, and any other statement. Generous, as a slow database is not an absent one (decision 0025).
 */
const patience = { connect: 30_000, ping: 5_000, statement: 60_000 };

export interface DatabaseOptions {
  /** Default 5. */
  readonly connections?: number;
  /** Real ms to wait for a free or new connection; default 5 s; 0: no limit for a free one. */
  readonly maxWaitMs?: number;
  /** Real ms to wait for the answer to a statement; default 60 s. */
  readonly statementMs?: number;
  /** Real ms for which the answer to a ping counts, unless a connection is lost: checks ask every second. Default 0. */
  readonly pingMs?: number;
  /** How the connections appear in `pg_stat_activity`. */
  readonly name?: string;
}

export const readOnlyState = "select current_setting('transaction_read_only') as state";

/** @param rows of `readOnlyState` @throws when the database takes no writes, as after a failover */
export function assertWritable([row]: ReadonlyArray<{ readonly state: string }>): void {
  if (row?.state === 'on') throw Object.assign(new Error('the database is read-only'), { code: '25006' });
}

/** The pool's own limit is for both, a free connection and a new one; this one holds for a new one alone. */
class BoundedClient extends MeasuredClient {
  constructor(config: pg.ClientConfig = {}) {
    super({ ...config, connectionTimeoutMillis: config.connectionTimeoutMillis || patience.connect });
  }
}

/**
 * Opens a pool that survives Postgres restarts, failovers and servers that fall silent. Without the tables' definitions, whose
 * library takes long to load: for services that own no tables.
 * @param onError lost connections
 */
export function openPool(
  url: string,
  onError: (error: Error) => void,
  {
    connections = 5,
    maxWaitMs = 5_000,
    statementMs = patience.statement,
    pingMs = 0,
    name = 'paceline',
  }: DatabaseOptions = {},
) {
  const pool = new pg.Pool({
    Client: BoundedClient,
    connectionString: url,
    application_name: name,
    max: connections,
    connectionTimeoutMillis: maxWaitMs,
    // Not Postgres's own timeout: that one needs an answer from the server.
    query_timeout: statementMs,
    // Detects a server that vanished without closing its connections.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  const forget = measurePool(pool);
  let answeredAt = -Infinity;
  const onLost = (error: Error) => {
    answeredAt = -Infinity;
    onError(error);
  };
  pool.on('error', onLost);
  pool.on('connect', (client) => client.on('error', onLost));
  /** Only a connection on which all went well is used again: another one can be read-only or in a broken transaction. */
  const withConnection = async <T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    let succeeded = false;
    try {
      const result = await work(client);
      succeeded = true;
      return result;
    } finally {
      client.release(!succeeded);
    }
  };
  // A limit of its own is missing in the driver's types.
  const ping = {
    text: readOnlyState,
    query_timeout: Math.min(patience.ping, statementMs),
  };
  return {
    pool,
    withConnection,
    /** @throws the connection error when Postgres is unavailable; also when it is read-only, as after a failover */
    async ping() {
      if (performance.now() - answeredAt < pingMs) return;
      await withConnection(async (client) => {
        const { rows } = await client.query<{ state: string }>(ping);
        assertWritable(rows);
      }).catch(rethrowExplained);
      answeredAt = performance.now();
    },
    close: () => pool.end().finally(forget),
  };
}

/** As `databaseOrigin`, for services that own no tables. */
export async function poolOrigin(pool: Pool): Promise<Origin | undefined> {
  try {
    const { rows } = await pool.query<Origin>('select upstream, clock from origin');
    return rows[0];
  } catch (error) {
    if (isUnknownTable(error)) return undefined;
    throw error;
  }
}
