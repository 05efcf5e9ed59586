import { mkdtemp, rm } from 'node:fs/promises';
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
/** Requires client certificates. */
let strict: TestNats;
let plain: TestNats;
let misnamed: TestNats;
/** Certificates for a single name or address. */
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
const tlsFor = ({ ca }: TestAuthority, own?: CertificateFiles) => ({
  caFile: ca,
  ...(own && { certFile: own.cert, keyFile: own.key }),
});

async function transportOf(url: string, tls?: ReturnType<typeof tlsFor>): Promise<string> {
  const connection = await connect(url, 'provision', { ...(tls && { tls }) });
  await connection.flush();
  const { tls_required: required } = connection.info ?? {};
  await connection.close();
  return required === true ? 'encrypted' : 'plain';
}

describe('broker with TLS', () => {
  it('accepts connections by each of its names when its authority is trusted', async () => {
    const tls = tlsFor(authority);
    expect(await transportOf(urlOf(nats, { user: 'u:p@' }), tls)).toBe('encrypted');
    expect(await transportOf(urlOf(nats, { user: 'u:p@', host: 'localhost' }), tls)).toBe('encrypted');
    expect(await transportOf(urlOf(nats, { user: 'u:p@', scheme: 'nats' }), tls)).toBe('encrypted');
  });

  it('is refused when its authority is not trusted', async () => {
    const refused = transportOf(urlOf(nats), tlsFor(stranger));
    await expect(refused).rejects.toThrow(
      /Broker connection failed: its certificate is not signed by a trusted authority/,
    );
  });

  it('is refused by a client without an authority', async () => {
    await expect(transportOf(urlOf(nats))).rejects.toThrow('not signed by a trusted authority');
  });

  it('is refused under a name that is not in its certificate', async () => {
    const refused = transportOf(urlOf(misnamed), tlsFor(authority));
    await expect(refused).rejects.toThrow(/its certificate is for another host .*127\.0\.0\.1/);
  });

  it('must match the address or the name that the client used', async () => {
    const tls = tlsFor(authority);
    expect(await transportOf(urlOf(byAddress), tls)).toBe('encrypted');
    expect(await transportOf(urlOf(byName, { host: 'localhost' }), tls)).toBe('encrypted');
    const reason = 'its certificate is for another host';
    await expect(transportOf(urlOf(byName), tls)).rejects.toThrow(reason);
    await expect(transportOf(urlOf(byAddress, { host: 'localhost' }), tls)).rejects.toThrow(reason);
  });

  it('still requires the right password', async () => {
    await expect(transportOf(urlOf(nats, { user: 'u:x@' }), tlsFor(authority))).rejects.toThrow(
      /authorization/i,
    );
  });

  it('accepts our certificate when it requires one, and rejects us without it', async () => {
    expect(await transportOf(urlOf(strict), tlsFor(authority, ours))).toBe('encrypted');
    await expect(transportOf(urlOf(strict), tlsFor(authority))).rejects.toThrow('rejects our certificate');
    const foreign = await stranger.issue('limiter');
    await expect(transportOf(urlOf(strict), tlsFor(authority, foreign))).rejects.toThrow(
      'rejects our certificate',
    );
  });
});

describe('broker without TLS', () => {
  it('is refused for tls:// and by a client with an authority, and accepted otherwise', async () => {
    await expect(transportOf(urlOf(plain))).rejects.toThrow('it does not support TLS, which is required');
    const trusted = tlsFor(authority);
    await expect(transportOf(urlOf(plain, { scheme: 'nats' }), trusted)).rejects.toThrow(
      'it does not support TLS',
    );
    expect(await transportOf(urlOf(plain, { scheme: 'nats' }))).toBe('plain');
  });
});

it('reads TLS settings from the environment', async () => {
  vi.stubEnv('NATS_TLS_CA', authority.ca);
  vi.stubEnv('NATS_TLS_CERT', ours.cert);
  vi.stubEnv('NATS_TLS_KEY', ours.key);
  expect(await transportOf(urlOf(strict))).toBe('encrypted');
});
