import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a process needs to trust a broker, and to be trusted by it. */
export const brokerTlsVariables = ['NATS_TLS_CA', 'NATS_TLS_CERT', 'NATS_TLS_KEY'] as const;

/** The path of a file, read as its text. */
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

/** Whether a key, as PEM, is that of a certificate. */
export const isPair = (cert: string, key: string): boolean =>
  new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));

/** How a driver is told by its URL to speak TLS, as far as that keeps its word: with the certificate looked at. */
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
