import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';

const ended = '\r\n\r\n';
const head = (line: string, ...headers: string[]) =>
  Buffer.from([line, 'Host: 127.0.0.1', 'Connection: close', ...headers].join('\r\n') + ended, 'latin1');

/** Bytes for a socket that speaks HTTP/1.1, most of them none of it. The other side is told that no more come. */
export const rawBytes: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.string({ minLength: 1, maxLength: 60 }).map((line) => head(line)),
  fc.constantFrom(
    head('GET /livez HTTP/9.9'),
    head('GET /livez'),
    head('get /livez HTTP/1.1'),
    head('GET http://elsewhere.example/livez HTTP/1.1'),
    head('GET http://[::/livez HTTP/1.1'),
    head('GET * HTTP/1.1'),
    head('OPTIONS * HTTP/1.1'),
    head('GET livez HTTP/1.1'),
    head('GET //livez HTTP/1.1'),
    head('GET /\u00ff\u00fe HTTP/1.1'),
    head('CONNECT elsewhere.example:443 HTTP/1.1'),
    head('GET /livez HTTP/1.1', 'Host: another'),
    head('GET /livez HTTP/1.1', ': nothing'),
    head('GET /livez HTTP/1.1', 'a\0b: c'),
    head('GET /livez HTTP/1.1', ' folded: x'),
    head('POST /v1/riders HTTP/1.1', 'Content-Length: -1'),
    head('POST /v1/riders HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2'),
    head('POST /v1/riders HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
    Buffer.concat([head('POST /v1/riders HTTP/1.1', 'Transfer-Encoding: chunked'), Buffer.from('zz\r\n')]),
    Buffer.concat([head('POST /v1/riders HTTP/1.1', 'Content-Length: 99'), Buffer.from('{"riderId":')]),
    head('GET /livez HTTP/1.1', `x: ${'x'.repeat(20_000)}`),
    Buffer.from(`GET /livez HTTP/1.1${ended}`),
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    Buffer.alloc(64_000, 0),
  ),
);

/** What came back: a status and its media type, or nothing but the end of the connection. */
export async function sendRaw(port: number, bytes: Buffer): Promise<{ status: number; media: string }> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.end(bytes);
    const answer = await text(socket);
    const media = /^content-type: ([^\r;]+)/im.exec(answer)?.[1] ?? '';
    return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), media };
  } catch {
    // A server that has closed already resets who still writes.
    return { status: 0, media: '' };
  } finally {
    socket.destroy();
  }
}
