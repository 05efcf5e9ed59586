import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestAuthority, testAuthority } from '../testing/certificates.ts';
import { type TestPostgres, testPostgres } from '../testing/index.ts';
import { openDatabase } from './index.ts';

let folder: string;
let authority: TestAuthority;
let stranger: TestAuthority;
let postgres: TestPostgres;
let plain: TestPostgres;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-tls-'));
  [authority, stranger] = await Promise.all([testAuthority(folder), testAuthority(folder, 'stranger')]);
  const tls = await authority.issue('localhost');
  [postgres, plain] = await Promise.all([testPostgres({ tls }), testPostgres()]);
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), plain?.stop()]);
  await rm(folder, { recursive: true });
});

const urlOf = (server: TestPostgres, { ca }: TestAuthority, host = 'localhost') =>
  `${server.url.replace('127.0.0.1', host)}?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`;

async function speaksTls(url: string): Promise<unknown> {
  const { db, ping, close } = openDatabase(url, () => undefined);
  try {
    await ping();
    const { rows } = await db.execute(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`);
    return rows[0]?.ssl;
  } finally {
    await close();
  }
}

describe('a database over TLS', () => {
  it('is connected to when its authority is trusted', async () => {
    expect(await speaksTls(urlOf(postgres, authority))).toBe(true);
    expect(await speaksTls(postgres.url)).toBe(false);
  });

  it.each([
    [
      'whose authority is another',
      () => urlOf(postgres, stranger),
      'its certificate is signed by nobody who is trusted here',
    ],
    [
      'whose certificate is for another host',
      () => urlOf(postgres, authority, '127.0.0.1'),
      'its certificate is for another host',
    ],
    ['that speaks none', () => urlOf(plain, authority), 'it speaks no TLS, which is wanted here'],
  ])('%s is refused, and why is said', async (_, url, why) => {
    await expect(speaksTls(url())).rejects.toThrow(`The database is not connected to: ${why}`);
  });
});
