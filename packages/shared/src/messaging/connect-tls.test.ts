import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CertificateFiles, type TestAuthority, testAuthority } from '../testing/certificates.ts';
import { type TestNats, testNats } from '../testing/index.ts';
import { connect } from './index.ts';

let folder: string;
let authority: TestAuthority;
let stranger: TestAuthority;
let ours: CertificateFiles;
let nats: TestNats;
/** Wants a certificate of whoever comes. */
let strict: TestNats;
let plain: TestNats;
let misnamed: TestNats;
/** Their certificates are for one name only. */
let byName: TestNats;
let byAddress: TestNats;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-tls-'));
  [authority, stranger] = await Promise.all([testAuthority(folder), testAuthority(folder, 'stranger')]);
  const server = await authority.issue('localhost', '127.0.0.1');
  const user = { user: 'u', password: 'p', publish: ['>'], subscribe: ['>'] };
  ours = await authority.issue('limiter');
  [nats, strict, plain, misnamed, byName, byAddress] = await Promise.all([
    testNats({ tls: server, users: [user] }),
    testNats({ tls: { ...server, ca: authority.ca } }),
    testNats(),
    testNats({ tls: await authority.issue('broker.example') }),
    testNats({ tls: await authority.issue('localhost') }),
    testNats({ tls: await authority.issue('127.0.0.1') }),
  ]);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([nats, strict, plain, misnamed, byName, byAddress].map((server) => server?.stop()));
  await rm(folder, { recursive: true });
});

const urlOf = (server: TestNats, { scheme = 'tls', user = '', host = '127.0.0.1' } = {}) =>
  `${scheme}://${user}${host}:${server.port}`;
const trusting = async ({ ca }: TestAuthority, own?: CertificateFiles) => ({
  ca: await readFile(ca, 'utf8'),
  ...(own && { cert: await readFile(own.cert, 'utf8'), key: await readFile(own.key, 'utf8') }),
});

async function says(url: string, tls?: Awaited<ReturnType<typeof trusting>>): Promise<string> {
  const connection = await connect(url, 'provision', tls);
  await connection.flush();
  const { tls_required: required } = connection.info ?? {};
  await connection.close();
  return required === true ? 'encrypted' : 'in the clear';
}

describe('a broker that speaks TLS', () => {
  it('is connected to when its authority is trusted, under each of its names', async () => {
    const tls = await trusting(authority);
    expect(await says(urlOf(nats, { user: 'u:p@' }), tls)).toBe('encrypted');
    expect(await says(urlOf(nats, { user: 'u:p@', host: 'localhost' }), tls)).toBe('encrypted');
    expect(await says(urlOf(nats, { user: 'u:p@', scheme: 'nats' }), tls)).toBe('encrypted');
  });

  it('whose authority is another is refused', async () => {
    const refused = says(urlOf(nats), await trusting(stranger));
    await expect(refused).rejects.toThrow(
      /not connected to: its certificate is signed by nobody who is trusted/,
    );
  });

  it('is refused by whoever knows of no authority', async () => {
    await expect(says(urlOf(nats))).rejects.toThrow('signed by nobody who is trusted here');
  });

  it('is refused under a name that its certificate does not have', async () => {
    const refused = says(urlOf(misnamed), await trusting(authority));
    await expect(refused).rejects.toThrow(/its certificate is for another host .*127\.0\.0\.1/);
  });

  it('is held to its address where it is known by that, and to its name where by that', async () => {
    const tls = await trusting(authority);
    expect(await says(urlOf(byAddress), tls)).toBe('encrypted');
    expect(await says(urlOf(byName, { host: 'localhost' }), tls)).toBe('encrypted');
    const reason = 'its certificate is for another host';
    await expect(says(urlOf(byName), tls)).rejects.toThrow(reason);
    await expect(says(urlOf(byAddress, { host: 'localhost' }), tls)).rejects.toThrow(reason);
  });

  it('still wants the right password', async () => {
    await expect(says(urlOf(nats, { user: 'u:x@' }), await trusting(authority))).rejects.toThrow(
      /authorization/i,
    );
  });

  it('that wants our certificate gets it, and refuses us without', async () => {
    expect(await says(urlOf(strict), await trusting(authority, ours))).toBe('encrypted');
    await expect(says(urlOf(strict), await trusting(authority))).rejects.toThrow(
      'does not take our certificate',
    );
    const foreign = await stranger.issue('limiter');
    await expect(says(urlOf(strict), await trusting(authority, foreign))).rejects.toThrow(
      'does not take our certificate',
    );
  });
});

describe('a broker that speaks none', () => {
  it('is refused by tls:// and by whoever has an authority, and serves the rest', async () => {
    await expect(says(urlOf(plain))).rejects.toThrow('it speaks no TLS, which is wanted here');
    const trusted = await trusting(authority);
    await expect(says(urlOf(plain, { scheme: 'nats' }), trusted)).rejects.toThrow('it speaks no TLS');
    expect(await says(urlOf(plain, { scheme: 'nats' }))).toBe('in the clear');
  });
});

it('whom to trust is read from the environment', async () => {
  vi.stubEnv('NATS_TLS_CA', authority.ca);
  vi.stubEnv('NATS_TLS_CERT', ours.cert);
  vi.stubEnv('NATS_TLS_KEY', ours.key);
  expect(await says(urlOf(strict))).toBe('encrypted');
});
