import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFiles, testAuthority } from '../testing/certificates.ts';
import { pathBelow, publicUrl, upstreamUrl, webhookUrl } from './addresses.ts';
import { type ConfigError, loadConfig, type VariableName } from './index.ts';

const problem = (
  schema: typeof upstreamUrl | typeof webhookUrl | ReturnType<typeof pathBelow>,
  text: string,
) =>
  schema
    .safeParse(text)
    .error?.issues.map(({ message }) => message)
    .join('; ');

describe('upstream URL', () => {
  it.each([
    'https://api.zwiftracing.app/api',
    'https://10.0.0.7/api',
    'http://127.0.0.1:3010/api',
    'http://localhost:3010/api',
    'http://[::1]:3010/api',
    'http://sandbox.test:3010/api',
  ])('accepts %s', (url) => {
    expect(problem(upstreamUrl, url)).toBeUndefined();
  });

  it.each([
    ['http://api.zwiftracing.app/api', 'must be https'],
    ['http://127.0.0.1.evil.example/api', 'must be https'],
    ['http://10.0.0.7/api', 'must be https'],
    ['https://user:pass@api.example/api', 'must not contain a user or password'],
    ['https://api.example@evil.example/api', 'must not contain a user or password'],
    ['https://api.example/api?key=1', 'without ? or #'],
    ['https://api.example/api#', 'without ? or #'],
    ['https://169.254.169.254/latest', 'link-local or metadata'],
    ['https://2852039166/latest', 'link-local or metadata'],
    ['https://0xa9fea9fe/latest', 'link-local or metadata'],
    ['https://[::ffff:169.254.169.254]/', 'link-local or metadata'],
    ['https://[fe80::1]/', 'link-local or metadata'],
    ['https://[fd00:ec2::254]/', 'link-local or metadata'],
    ['https://metadata.google.internal/', 'link-local or metadata'],
    ['https://0.0.0.0/', 'link-local or metadata'],
    ['javascript:alert(1)', 'must be an http(s) URL'],
    ['file:///etc/passwd', 'must be an http(s) URL'],
    ['//evil.example/api', 'must be an http(s) URL'],
  ])('rejects %s', (url, reason) => {
    expect(problem(upstreamUrl, url)).toContain(reason);
  });
});

describe('path below the base URL', () => {
  it.each(['/public/events/:id', '/v2/@team/:id', '/events?id=:id&days=2'])('accepts %s', (path) => {
    expect(problem(pathBelow(':id'), path)).toBeUndefined();
  });

  it.each([
    '//evil.example/:id',
    '/../:id',
    '/public/%2e%2e/../:id',
    '/.%2E/:id',
    '/\\evil/:id',
    '/x/:id#',
    '/ /:id',
    '/a/./:id',
  ])('rejects %s', (path) => {
    expect(problem(pathBelow(':id'), path)).toContain('must stay below the base URL');
  });
});

it('accepts a webhook over plain http on loopback only', () => {
  expect(problem(webhookUrl, 'https://hooks.slack.com/services/T/B/x')).toBeUndefined();
  expect(problem(webhookUrl, 'http://hooks.slack.com/services/T/B/x')).toContain('must be https');
  expect(problem(webhookUrl, 'https://169.254.169.254/')).toContain('link-local or metadata');
});

it('rejects a public URL that runs a script', () => {
  expect(problem(publicUrl, 'javascript:alert(1)//')).toContain('must be an http(s) URL');
  expect(publicUrl.parse('http://paceline.example/team/')).toBe('http://paceline.example/team');
});

let folder: string;
let one: CertificateFiles;
let other: CertificateFiles;
let noPem: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-tls-'));
  const authority = await testAuthority(folder);
  [one, other] = await Promise.all([authority.issue('one'), authority.issue('other')]);
  noPem = join(folder, 'no.pem');
  await writeFile(noPem, 'a secret, not a certificate');
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

describe('certificate and key files', () => {
  it('are accepted when they match', () => {
    expect(problemsOf({ API_TLS_CERT: one.cert, API_TLS_KEY: one.key })).toEqual([]);
  });

  it('are all reported when missing, unreadable or of the wrong type, without their content', () => {
    const problems = problemsOf({
      NATS_TLS_CA: join(folder, 'nowhere'),
      NATS_TLS_CERT: noPem,
      NATS_TLS_KEY: one.cert,
      API_TLS_CERT: one.cert,
      API_TLS_KEY: other.key,
    });
    expect(problems).toEqual([
      'NATS_TLS_CA must name a readable file (ENOENT)',
      'NATS_TLS_CERT must name a PEM file with a certificate',
      'NATS_TLS_KEY must name a PEM file with a private key without a password',
      'API_TLS_KEY is not the key of API_TLS_CERT',
    ]);
  });

  it('must come in pairs', () => {
    expect(problemsOf({ API_TLS_CERT: one.cert, API_TLS_KEY: '' })).toEqual([
      'API_TLS_CERT and API_TLS_KEY must both be set, or neither',
    ]);
  });
});

describe('database URL', () => {
  const urlWith = (query: string) => ({ DATABASE_URL: `postgres://u:p@db.example/paceline?${query}` });

  it.each(['', 'sslmode=disable', 'sslmode=verify-full'])('accepts the query %j', (query) => {
    expect(problemsOf(urlWith(query))).toEqual([]);
  });

  it.each(['sslmode=require', 'sslmode=prefer', 'ssl=no-verify', 'sslmode=verify-full&uselibpqcompat=true'])(
    'rejects the query %j, which accepts any certificate',
    (query) => {
      expect(problemsOf(urlWith(query))[0]).toMatch(/must have sslmode=verify-full/);
    },
  );

  it('must name readable files', () => {
    expect(problemsOf(urlWith(`sslmode=verify-full&sslrootcert=${folder}/nowhere`))).toEqual([
      'DATABASE_URL sslrootcert must name a readable file (ENOENT)',
    ]);
  });
});
