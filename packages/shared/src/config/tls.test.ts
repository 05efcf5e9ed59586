import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, testAuthority } from '../testing/certificates.ts';
import { type ConfigError, loadConfig, type VariableName } from './index.ts';

let folder: string;
let one: CertificateFiles;
let other: CertificateFiles;
let noPem: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-tls-'));
  const authority = await testAuthority(folder);
  [one, other] = await Promise.all([authority.issue('one'), authority.issue('other')]);
  noPem = join(folder, 'no.pem');
  await writeFile(noPem, 'a secret that is no certificate');
});
afterAll(() => rm(folder, { recursive: true }));

function problemsOf(env: Partial<Record<VariableName, string>>): readonly string[] {
  try {
    loadConfig(env, [], Object.keys(env) as VariableName[]);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('files of certificates and keys', () => {
  it('that belong together are read', () => {
    expect(problemsOf({ API_TLS_CERT: one.cert, API_TLS_KEY: one.key })).toEqual([]);
  });

  it('are all told of that are missing, unreadable or no such thing, and never quoted', () => {
    const problems = problemsOf({
      NATS_TLS_CA: join(folder, 'nowhere'),
      NATS_TLS_CERT: noPem,
      NATS_TLS_KEY: one.cert,
      API_TLS_CERT: one.cert,
      API_TLS_KEY: other.key,
    });
    expect(problems).toEqual([
      'NATS_TLS_CA must name a file that can be read (ENOENT)',
      'NATS_TLS_CERT must name a PEM file with a certificate',
      'NATS_TLS_KEY must name a PEM file with a private key without a password',
      'API_TLS_KEY is not the key of API_TLS_CERT',
    ]);
  });

  it('come in pairs', () => {
    expect(problemsOf({ API_TLS_CERT: one.cert, API_TLS_KEY: '' })).toEqual([
      'API_TLS_CERT and API_TLS_KEY go together: one is missing',
    ]);
  });
});

describe('the URL of a database', () => {
  const urlWith = (query: string) => ({ DATABASE_URL: `postgres://u:p@db.example/paceline?${query}` });

  it.each(['', 'sslmode=disable', 'sslmode=verify-full'])('may have %j', (query) => {
    expect(problemsOf(urlWith(query))).toEqual([]);
  });

  it.each(['sslmode=require', 'sslmode=prefer', 'ssl=no-verify', 'sslmode=verify-full&uselibpqcompat=true'])(
    'may not have %j, which may trust anybody',
    (query) => {
      expect(problemsOf(urlWith(query))[0]).toMatch(/must have sslmode=verify-full/);
    },
  );

  it('names files that are there', () => {
    expect(problemsOf(urlWith(`sslmode=verify-full&sslrootcert=${folder}/nowhere`))).toEqual([
      'DATABASE_URL sslrootcert must name a file that can be read (ENOENT)',
    ]);
  });
});
