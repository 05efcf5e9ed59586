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

describe('database over TLS', () => {
  it('accepts connections when its authority is trusted', async () => {
    expect(await speaksTls(urlOf(postgres, authority))).toBe(true);
    expect(await speaksTls(postgres.url)).toBe(false);
  });

  it.each([
    [
      'an unknown authority',
      () => urlOf(postgres, stranger),
      'its certificate is not signed by a trusted authority',
    ],
    [
      'a certificate for another host',
      () => urlOf(postgres, authority, '127.0.0.1'),
      'its certificate is for another host',
    ],
    ['no TLS', () => urlOf(plain, authority), 'it does not support TLS, which is required'],
  ])('is refused with the reason when it has %s', async (_, url, reason) => {
    await expect(speaksTls(url())).rejects.toThrow(`Database connection failed: ${reason}`);
  });
});
