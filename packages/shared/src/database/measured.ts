import pg from 'pg';
import { meter } from '../telemetry/index.ts';

/** Real seconds. */
const boundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

const duration = meter().createHistogram('db.client.operation.duration', {
  unit: 's',
  description: 'Duration of database statements.',
  advice: { explicitBucketBoundaries: boundaries },
});

/** Records the duration of a statement, by its first word, when the returned function is called. */
function startStatement(statement: unknown): (error?: unknown) => void {
  const startedAt = performance.now();
  return (error) => {
    const text = typeof statement === 'string' ? statement : (statement as pg.QueryConfig).text;
    const operation = /\w+/.exec(text)?.[0].toUpperCase();
    duration.record((performance.now() - startedAt) / 1_000, {
      'db.system.name': 'postgresql',
      ...(operation !== undefined && { 'db.operation.name': operation }),
      ...(error instanceof Error && { 'error.type': (error as pg.DatabaseError).code ?? error.name }),
    });
  };
}

/** Measures its statements, which the driver has no hook for. The last argument can be a callback, as of a pool. */
export class MeasuredClient extends pg.Client {
  override query(...given: unknown[]): never {
    const end = startStatement(given[0]);
    const query = super.query.bind(this) as (...args: unknown[]) => unknown;
    const callback = given.at(-1);
    if (typeof callback === 'function') {
      return query(...given.slice(0, -1), (error: unknown, result: unknown) => {
        end(error);
        callback(error, result);
      }) as never;
    }
    const result = query(...given);
    if (result instanceof Promise) void result.then(() => end(), end);
    return result as never;
  }
}

const pools = new Set<pg.Pool>();
const total = (count: (pool: pg.Pool) => number) => [...pools].reduce((sum, pool) => sum + count(pool), 0);

meter()
  .createObservableUpDownCounter('db.client.connection.count', {
    unit: '{connection}',
    description: 'Connections to the database, by state.',
  })
  .addCallback((result) => {
    result.observe(
      total(({ idleCount }) => idleCount),
      { 'db.client.connection.state': 'idle' },
    );
    result.observe(
      total(({ totalCount, idleCount }) => totalCount - idleCount),
      { 'db.client.connection.state': 'used' },
    );
  });

meter()
  .createObservableUpDownCounter('db.client.connection.pending_requests', {
    unit: '{request}',
    description: 'Requests that wait for a connection to the database.',
  })
  .addCallback((result) => result.observe(total(({ waitingCount }) => waitingCount)));

/** Includes a pool in the metrics. @returns how to take it out */
export function measurePool(pool: pg.Pool): () => void {
  pools.add(pool);
  return () => pools.delete(pool);
}
