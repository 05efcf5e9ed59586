import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isSandboxUrl } from '../clock/index.ts';
import { commaSeparated } from './values.ts';

/** Cloud metadata services outside the ranges that are blocked as a whole. */
const metadataAddresses = new Set(['100.100.100.200', '192.0.0.192', 'fd00:ec2::254']);
const metadataNames = /^(metadata|instance-data)$|(^|\.)metadata\.google\.internal\.?$/i;

/** Whether a host must not be called: link-local, unspecified, or a cloud metadata service. */
export function isForbiddenHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) === 0) return metadataNames.test(bare);
  // Unwraps IPv4-mapped IPv6 addresses.
  const address = ipaddr.process(bare);
  const range = address.range();
  return range === 'linkLocal' || range === 'unspecified' || metadataAddresses.has(address.toString());
}

const httpUrl = z
  .url({ protocol: /^https?$/, message: 'must be an http(s) URL', abort: true })
  .refine((text) => !hasCredentials(text), 'must not contain a user or password');

const target = httpUrl.refine((text) => !isForbiddenHost(new URL(text).hostname), {
  message: 'must not be a link-local or metadata address',
});

/** Secrets go over plain http only to this machine or to a sandbox container. */
const isSafe = (text: string) => new URL(text).protocol === 'https:' || isSandboxUrl(text);
const safe = 'must be https unless it is on loopback or under .test';

function hasCredentials(text: string): boolean {
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}

/** The addresses that the OpenTelemetry SDK reads itself; it does nothing, silently, with one that it does not know. */
const otlpVariables = [
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
] as const;

export const otlpProblems = (env: NodeJS.ProcessEnv): string[] =>
  otlpVariables.flatMap((name) =>
    !env[name] || z.url({ protocol: /^https?$/ }).safeParse(env[name]).success
      ? []
      : [`${name} must be an http(s) URL`],
  );

const withoutSlash = (url: string) => url.replace(/\/+$/, '');

const inUrl = (host: string): string => `http://${host.includes(':') ? `[${host}]` : host}`;

/** What a server listens on. */
export const listenHost = z
  .string()
  .refine((text) => URL.canParse(inUrl(text)), 'must be an IP address or a host name');

export const pageUrl = httpUrl;

/** The public base URL of the pages, without a trailing slash. */
export const publicUrl = httpUrl.transform(withoutSlash);

/** Upstream's base URL, without a trailing slash. The key is sent nowhere else. */
export const upstreamUrl = target
  .refine(isSafe, safe)
  .refine((text) => !/[?#]/.test(text), 'must end with the path, without ? or #')
  .transform(withoutSlash);

/** A URL whose path is a secret. */
export const webhookUrl = target.refine(isSafe, safe);

/** A path that stays below the base URL, whatever is filled in. */
export const pathBelow = (required: string) =>
  z
    .string()
    .startsWith('/', 'must start with "/"')
    .refine((text) => text.includes(required), { message: `must contain "${required}"` })
    .refine(staysBelow, 'must stay below the base URL, without //, .., \\ or #');

function staysBelow(path: string): boolean {
  if (/[\\#\s]/.test(path) || path.includes('//')) return false;
  const { host, pathname } = new URL(`https://base.test/below${path}`);
  return host === 'base.test' && pathname.startsWith('/below/') && !/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(path);
}

/** The transport speaks NATS over TCP: it has no WebSocket. */
const schemes = new Set(['nats:', 'tls:']);

/** Splits the servers of one broker: `nats://a:4222,nats://b:4222`. */
export const serversOf = commaSeparated;

/** The URL of a server, or of several servers of one cluster, comma-separated and with the same credentials. */
export const brokerUrl = z
  .string()
  .refine((text) => serversOf(text).length > 0 && serversOf(text).every(isServer), {
    message: 'must be a nats:// or tls:// URL, or several separated by commas',
    abort: true,
  })
  .refine((text) => new Set(serversOf(text).map(credentialsOf)).size === 1, {
    message: 'must have the same user and password for every server',
  });

function isServer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return schemes.has(protocol) && hostname !== '';
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

/** The problem with a file; never quotes its content. */
function problemOf(path: string, what: string, check: (pem: string) => unknown): string | undefined {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return `must name a readable file (${(error as NodeJS.ErrnoException).code})`;
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

/** The values of `sslmode` that mean the same to the driver as to Postgres: no TLS, or TLS with a verified certificate. */
const strictModes = ['disable', 'verify-full'];

/** A Postgres URL; `sslmode`, `sslrootcert`, `sslcert` and `sslkey` set up TLS. */
export const databaseUrl = z
  .url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres:// URL', abort: true })
  .superRefine((text, context) => {
    const { searchParams } = new URL(text);
    const report = (message: string) => context.addIssue({ code: 'custom', message });
    const mode = searchParams.get('sslmode');
    const lax = searchParams.has('uselibpqcompat') || searchParams.get('ssl') === 'no-verify';
    if ((mode !== null && !strictModes.includes(mode)) || lax)
      report('must have sslmode=verify-full (or disable): other modes accept any certificate');
    for (const [name, what, check] of [
      ['sslrootcert', 'a certificate', isCertificate],
      ['sslcert', 'a certificate', isCertificate],
      ['sslkey', 'a private key without a password', createPrivateKey],
    ] as const) {
      const path = searchParams.get(name);
      const problem = path === null ? undefined : problemOf(path, what, check);
      if (problem !== undefined) report(`${name} ${problem}`);
    }
  });
