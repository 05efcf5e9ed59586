import { Transform } from 'node:stream';

const hidden = '***';

/** The key as it is, and as a URL has it: a link to the next page can repeat the key of a query. */
const formsOf = (key: string): string[] => [
  ...new Set([key, encodeURIComponent(key), String(new URLSearchParams([['', key]])).slice(1)]),
];

export const textWithoutKey = (text: string, key: string): string =>
  formsOf(key).reduce((shown, form) => shown.replaceAll(form, hidden), text);

export const bytesWithoutKey = (bytes: Uint8Array, key: string): Buffer<ArrayBuffer> =>
  replaceAll(Buffer.from(bytes), secretsOf(key));

/** Passes bytes on, except that the key becomes `***`, wherever chunks divide it: an upstream may repeat it in an answer. */
export function withoutKey(key: string): Transform {
  const secrets = secretsOf(key);
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = replaceAll(Buffer.concat([held, chunk]), secrets);
      const end = bytes.length - Math.max(...secrets.map((secret) => startLength(bytes, secret)));
      held = bytes.subarray(end);
      done(null, bytes.subarray(0, end));
    },
    flush: (done) => done(null, held),
  });
}

const secretsOf = (key: string): Buffer[] => formsOf(key).map((form) => Buffer.from(form));

const replaceAll = (bytes: Buffer<ArrayBuffer>, secrets: readonly Buffer[]): Buffer<ArrayBuffer> =>
  secrets.reduce<Buffer<ArrayBuffer>>(replaceOne, bytes);

function replaceOne(bytes: Buffer, secret: Buffer): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(secret); at >= 0; at = bytes.indexOf(secret, from)) {
    parts.push(bytes.subarray(from, at), Buffer.from(hidden));
    from = at + secret.length;
  }
  return Buffer.concat([...parts, bytes.subarray(from)]);
}

/** How many bytes at the end can be the start of the secret. */
function startLength(bytes: Buffer, secret: Buffer): number {
  const longest = Math.min(bytes.length, secret.length - 1);
  for (let length = longest; length > 0; length -= 1)
    if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) return length;
  return 0;
}
