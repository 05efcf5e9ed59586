import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { mayRunFaster } from '../clock/index.ts';
import { commaSeparated } from './values.ts';

/** Metadata services of clouds in ranges that are not forbidden as a whole. */
const metadataAddresses = new Set(['100.100.100.200', '192.0.0.192', 'fd00:ec2::254']);
const metadataNames = /^(metadata|instance-data)$|(^|\.)metadata\.google\.internal\.?$/i;

/** Whether nothing of ours may be sent to this host: link-local, unspecified, or the metadata service of a cloud. */
export function isForbiddenHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 0) return metadataNames.test(bare);
  // An IPv4 address inside an IPv6 one counts as itself.
  const address = ipaddr.process(bare);
  const range = address.range();
  return range === 'linkLocal' || range === 'unspecified' || metadataAddresses.has(address.toString());
}

const httpUrl = z
  .url({ protocol: /^https?$/, message: 'must be an http(s) URL', abort: true })
  .refine((text) => !hasCredentials(text), 'must hold no user and password');

const target = httpUrl.refine((text) => !isForbiddenHost(new URL(text).hostname), {
  message: 'must not lead to a link-local or metadata address',
});

/** What carries a secret goes in the clear to this machine itself only, or to a sandbox among containers. */
const isSafe = (text: string) => new URL(text).protocol === 'https:' || mayRunFaster(text);
const safe = 'must be https, but on loopback or under .test';

function hasCredentials(text: string): boolean {
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

export const pageUrl = httpUrl;

/** The address below which people find all pages, without a slash at its end. */
export const publicUrl = httpUrl.transform(withoutSlash);

/** Where upstream's API lives, without a slash at its end: the key goes there and nowhere else. */
export const upstreamUrl = target
  .refine(isSafe, safe)
  .refine((text) => !/[?#]/.test(text), 'must end with its path: without ? and #')
  .transform(withoutSlash);

/** An address whose path is a secret. */
export const webhookUrl = target.refine(isSafe, safe);

/** A path below the base URL, from which nothing that is filled in can lead away. */
export const pathBelow = (mustHold: string) =>
  z
    .string()
    .startsWith('/', 'must start with "/"')
    .refine((text) => text.includes(mustHold), { message: `must contain "${mustHold}"` })
    .refine(staysBelow, 'must stay below the base URL: without //, .., \\ and #');

function staysBelow(path: string): boolean {
  if (/[\\#\s]/.test(path) || path.includes('//')) return false;
  const { host, pathname } = new URL(`https://base.test/below${path}`);
  return host === 'base.test' && pathname.startsWith('/below/') && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path);
}

const schemes = new Set(['nats:', 'tls:', 'ws:', 'wss:']);

/** The servers of one broker, as people write them: `nats://a:4222,nats://b:4222`. */
export const serversOf = commaSeparated;

/** The URL of a broker: one server, or several of one cluster, comma-separated, all with the same credentials. */
export const brokerUrl = z
  .string()
  .refine((text) => serversOf(text).length > 0 && serversOf(text).every(isServer), {
    message: 'must be a nats:// URL, or several, comma-separated',
    abort: true,
  })
  .refine((text) => new Set(serversOf(text).map(credentialsOf)).size === 1, {
    message: 'must have the same user and password for each of its servers',
  });

function isServer(text: string): boolean {
  return URL.canParse(text) && schemes.has(new URL(text).protocol);
}

function credentialsOf(text: string): string {
  const { username, password } = new URL(text);
  return `${username}:${password}`;
}

export const brokerTlsVariables = ['NATS_TLS_CA', 'NATS_TLS_CERT', 'NATS_TLS_KEY'] as const;

const file = (what: string, check: (pem: string) => unknown) =>
  z.string().transform((path, context) => {
    const problem = problemOf(path, what, check);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    return problem === undefined ? readFileSync(path, 'utf8') : z.NEVER;
  });

/** What is wrong with a file, without quoting any of it. */
function problemOf(path: string, what: string, check: (pem: string) => unknown): string | undefined {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return `must name a file that can be read (${(error as NodeJS.ErrnoException).code})`;
  }
  try {
    check(pem);
    return undefined;
  } catch {
    return `must name a PEM file with ${what}`;
  }
}

const isCertificate = (pem: string) => new X509Certificate(pem);

export const certificateFile = file('a certificate', isCertificate);
export const keyFile = file('a private key without a password', createPrivateKey);

export const isPair = (cert: string, key: string): boolean =>
  new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));

/** The values of `sslmode` with which the driver does what they say: no TLS, or TLS with the certificate checked. */
const modes = ['disable', 'verify-full'];

/** Where a database is, and by `sslmode`, `sslrootcert`, `sslcert` and `sslkey` whom to trust. */
export const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// URL', abort: true })
  .superRefine((text, context) => {
    const { searchParams } = new URL(text);
    const wrong = (message: string) => context.addIssue({ code: 'custom', message });
    const mode = searchParams.get('sslmode');
    const lax = searchParams.has('uselibpqcompat') || searchParams.get('ssl') === 'no-verify';
    if ((mode !== null && !modes.includes(mode)) || lax)
      wrong('must have sslmode=verify-full (or disable): all others may trust anybody');
    for (const [name, what, check] of [
      ['sslrootcert', 'a certificate', isCertificate],
      ['sslcert', 'a certificate', isCertificate],
      ['sslkey', 'a private key without a password', createPrivateKey],
    ] as const) {
      const path = searchParams.get(name);
      const problem = path === null ? undefined : problemOf(path, what, check);
      if (problem !== undefined) wrong(`${name} ${problem}`);
    }
  });
