import { once } from 'node:events';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newDatabaseUrl } from '../testing/database.ts';
import { type SlowProxy, startSlowProxy } from '../testing/index.ts';
import { migrate } from './index.ts';
import { withSession } from './session.ts';

let direct: string;
let proxy: SlowProxy;
let proxied: string;

beforeEach(async () => {
  direct = await newDatabaseUrl({ empty: true });
  proxy = await startSlowProxy(Number(new URL(direct).port), 0);
  proxied = Object.assign(new URL(direct), { port: String(proxy.port) }).href;
});
afterEach(() => proxy.close());

describe('a session', () => {
  it('gives up a server that accepts its connection and says nothing', async () => {
    proxy.holdResponses();
    await expect(withSession(proxied, async () => {}, { connectMs: 100 })).rejects.toThrow(
      'The database accepted a connection and then said nothing for 0.1 s: check it, then try again',
    );
  });

  it('gives up a statement during which the server falls silent', async () => {
    const work = async (client: pg.Client) => {
      await client.query('select 1');
      proxy.holdResponses();
      await client.query('select 2');
    };
    await expect(withSession(proxied, work, { silentMs: 100 })).rejects.toThrow(
      'The database accepted a statement and then said nothing for 0.1 s',
    );
  });

  it('stays open without a statement for longer than that', async () => {
    const work = async (client: pg.Client) => {
      await once(client.connection.stream, 'timeout');
      return (await client.query('select 2 as two')).rows;
    };
    expect(await withSession(proxied, work, { silentMs: 100 })).toEqual([{ two: 2 }]);
  });
});

it('a migration gives up waiting for one that hangs', async () => {
  const other = new pg.Client({ connectionString: direct });
  await other.connect();
  try {
    await other.query('select pg_advisory_lock(7223091)');
    await expect(migrate(direct, Infinity, { silentMs: 100 })).rejects.toThrow('said nothing for 0.1 s');
  } finally {
    await other.end();
  }
  await migrate(direct);
});
