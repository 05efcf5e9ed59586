import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, listenHttp } from './listen.ts';

let server: HttpServer;
const soon = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
beforeAll(async () => {
  server = await listenHttp(
    async (request) => new Response(await request.text()),
    '127.0.0.1',
    0,
    undefined,
    soon,
  );
});
afterAll(() => server.drain());

/** Sends a text as it is, keeps the connection open, and returns what was answered until the server closed it. */
async function answerTo(sent: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(sent);
  return text(socket);
}

describe('whoever takes long to send', () => {
  it.each([
    ['the head of a request', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    ['its body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf'],
  ])('%s is told so and cut off', async (_, beginning) => {
    expect(await answerTo(beginning)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

it('a head that is too large is refused before anything is done with it', async () => {
  const head = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`;
  expect(await answerTo(head)).toMatch(/^HTTP\/1\.1 431 /);
});

describe('what is no request', () => {
  it.each([
    ['garbage', 'what is this\r\n\r\n', 400],
    ['bytes of another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a request without a host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['a host that is none', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['a path of bytes', 'GET /\u00ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['an expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n', 417],
    ['too large a head', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ])('%s is refused with the reason', async (_, sent, status) => {
    const [head = '', body = ''] = (await answerTo(sent)).split('\r\n\r\n');
    expect(head).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} .+content-type: application/problem\\+json`, 'is'),
    );
    expect(JSON.parse(body)).toMatchObject({ status, detail: expect.stringMatching(/\w/) });
  });
});
