import { Transform } from 'node:stream';

const hidden = '***';

/** An upstream may repeat the key in an answer: it becomes `***`, as it is and as a URL has it, in a link to the next page. */
export interface HideKey {
  inText(text: string): string;
  inBytes(bytes: Uint8Array): Buffer<ArrayBuffer>;
  /** Passes bytes on, wherever chunks divide the key. */
  inStream(): Transform;
}

export function hideKey(key: string): HideKey {
  const forms = [
    ...new Set([key, encodeURIComponent(key), String(new URLSearchParams([['', key]])).slice(1)]),
  ];
  const secrets = forms.map((form) => Buffer.from(form));
  const replaceAll = (bytes: Buffer<ArrayBuffer>) => secrets.reduce<Buffer<ArrayBuffer>>(replaceOne, bytes);
  return {
    inText: (text) => forms.reduce((shown, form) => shown.replaceAll(form, hidden), text),
    inBytes: (bytes) => replaceAll(Buffer.from(bytes)),
    inStream() {
      let held = Buffer.alloc(0);
      return new Transform({
        transform(chunk: Buffer, _encoding, done) {
          const bytes = replaceAll(Buffer.concat([held, chunk]));
          const end = bytes.length - Math.max(...secrets.map((secret) => startLength(bytes, secret)));
          held = bytes.subarray(end);
          done(null, bytes.subarray(0, end));
        },
        flush: (done) => done(null, held),
      });
    },
  };
}

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
