import { Transform } from 'node:stream';

const hidden = '***';

/** A header: a link to the next page can repeat the key of a query. */
export const textWithoutKey = (text: string, key: string): string =>
  text.replaceAll(key, hidden).replaceAll(encodeURIComponent(key), hidden);

export const bytesWithoutKey = (bytes: Uint8Array, key: string): Buffer<ArrayBuffer> =>
  replaceAll(Buffer.from(bytes), Buffer.from(key));

/** Passes bytes on, except that the key becomes `***`, wherever chunks divide it: an upstream may repeat it in an answer. */
export function withoutKey(key: string): Transform {
  const secret = Buffer.from(key);
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = replaceAll(Buffer.concat([held, chunk]), secret);
      const end = bytes.length - startLength(bytes, secret);
      held = bytes.subarray(end);
      done(null, bytes.subarray(0, end));
    },
    flush: (done) => done(null, held),
  });
}

function replaceAll(bytes: Buffer, secret: Buffer): Buffer<ArrayBuffer> {
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
