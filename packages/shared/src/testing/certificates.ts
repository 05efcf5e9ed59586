import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** Paths of a certificate and its key, as PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority for one test. */
export interface TestAuthority {
  /** Path of its certificate, for clients that trust it. */
  readonly ca: string;
  /** Issues a certificate for these names and addresses, in files named after them. */
  issue(...names: readonly string[]): Promise<CertificateFiles>;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const lifetime = { notBefore: new Date('2020-01-01'), notAfter: new Date('2120-01-01') };

const newKeys = () =>
  crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
const serial = () => `01${randomBytes(8).toString('hex')}`;
const nameOf = (value: string): JsonGeneralName => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value });

/** @param name used for its files in `folder` and in the certificates */
export async function testAuthority(folder: string, name = 'authority'): Promise<TestAuthority> {
  const keys = await newKeys();
  const own = await X509CertificateGenerator.createSelfSigned({
    ...lifetime,
    serialNumber: serial(),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const ca = join(folder, `${name}.pem`);
  await writeFile(ca, own.toString('pem'));
  return {
    ca,
    async issue(...names) {
      const of = await newKeys();
      const issued = await X509CertificateGenerator.create({
        ...lifetime,
        serialNumber: serial(),
        subject: `CN=${names[0]}`,
        issuer: own.subject,
        publicKey: of.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new SubjectAlternativeNameExtension(names.map(nameOf))],
      });
      return write(join(folder, `${name}-${names.join('-')}`), issued, of.privateKey);
    },
  };
}

async function write(
  path: string,
  certificate: X509Certificate,
  key: webcrypto.CryptoKey,
): Promise<CertificateFiles> {
  const files = { cert: `${path}.crt`, key: `${path}.key` };
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', key)).toString('base64');
  const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
  await writeFile(files.cert, certificate.toString('pem'));
  await writeFile(files.key, pem, { mode: 0o600 });
  return files;
}
