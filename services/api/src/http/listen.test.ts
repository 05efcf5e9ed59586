import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { testAuthority } from '@paceline/shared/testing/certificates';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, listenHttp } from './listen.ts';

let server: HttpServer;
/** A server with the default timeouts. */
let withDefaults: HttpServer;
const shortTimeouts = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
beforeAll(async () => {
  server = await listenHttp(
    async (request) => new Response(await request.text()),
    '127.0.0.1',
    0,
    undefined,
    shortTimeouts,
  );
  withDefaults = await listenHttp(async () => new Response(), '127.0.0.1', 0);
});
afterAll(() => Promise.all([server.drain(), withDefaults.drain()]));

/** Sends raw text, keeps the connection open, and returns the response once the server has closed it. */
async function responseTo(sent: string, { port }: HttpServer = withDefaults): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(sent);
  return text(socket);
}

describe('a slow client', () => {
  it.each([
    ['the headers of a request', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    ['its body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf'],
  ])('gets 408 and is disconnected while sending %s', async (_, start) => {
    expect(await responseTo(start, server)).toMatch(/^HTTP\/1\.1 408 /);
  });
});

it('rejects headers that are too large before processing the request', async () => {
  const head = `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`;
  expect(await responseTo(head)).toMatch(/^HTTP\/1\.1 431 /);
});

describe('an invalid request', () => {
  it.each([
    ['garbage', 'what is this\r\n\r\n', 400],
    ['bytes of another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a request without a host', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an invalid host', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 400],
    ['a path with raw bytes', 'GET /\u00ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['an expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n', 417],
    ['headers that are too large', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ])('is rejected with the reason: %s', async (_, sent, status) => {
    const [head = '', body = ''] = (await responseTo(sent)).split('\r\n\r\n');
    expect(head).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} .+content-type: application/problem\\+json`, 'is'),
    );
    expect(JSON.parse(body)).toMatchObject({ status, detail: expect.stringMatching(/\w/) });
  });
});

describe('a leaving server', () => {
  it('still responds, also on new connections, and closes each of them', async () => {
    const leaving = await listenHttp(async () => new Response('served'), '127.0.0.1', 0);
    const socket = connect(leaving.port, '127.0.0.1');
    const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
    socket.write(request);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/connection: keep-alive/i);

    leaving.leave();
    socket.write(request);
    expect(await text(socket)).toMatch(/connection: close[^]*served$/i);
    expect(await responseTo(request, leaving)).toMatch(/^HTTP\/1\.1 200 [^]*connection: close/i);
    await leaving.drain();
  });
});

describe('a draining server', () => {
  it('responds to open requests, and does not wait for idle connections', async () => {
    const response = Promise.withResolvers<Response>();
    const received = Promise.withResolvers<void>();
    const busy = await listenHttp(() => (received.resolve(), response.promise), '127.0.0.1', 0);
    const silent = connect(busy.port, '127.0.0.1');
    const incomplete = connect(busy.port, '127.0.0.1');
    incomplete.write('GET / HTTP/1.1\r\nHo');
    await Promise.all([once(silent, 'connect'), once(incomplete, 'connect')]);
    const request = fetch(busy.url);
    await received.promise;

    const drained = busy.drain();
    response.resolve(new Response('done'));
    expect(await (await request).text()).toBe('done');
    await drained;
    await Promise.all([silent, incomplete].map((socket) => text(socket).catch(() => '')));
  });
});

describe('a server with TLS', () => {
  let folder: string;
  let ca: string;
  let secure: HttpServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paceline-https-'));
    const authority = await testAuthority(folder);
    const { cert, key } = await authority.issue('localhost');
    ca = await readFile(authority.ca, 'utf8');
    const tls = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
    secure = await listenHttp((request) => new Response(request.url), '127.0.0.1', 0, tls);
  });
  afterAll(async () => {
    await secure.drain();
    await rm(folder, { recursive: true });
  });

  const send = async (options: RequestOptions) => {
    const request = get({ port: secure.port, path: '/v1/x', agent: false, ...options });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return text(response);
  };

  it('responds to clients that trust its authority', async () => {
    expect(secure.url).toMatch(/^https:/);
    expect(await send({ host: 'localhost', ca })).toBe(`https://localhost:${secure.port}/v1/x`);
  });

  it('is rejected by clients that do not trust its authority, or under another name', async () => {
    await expect(send({ host: 'localhost' })).rejects.toThrow('unable to verify');
    await expect(send({ host: '127.0.0.1', ca })).rejects.toThrow('does not match');
  });

  it('does not respond to plain HTTP', async () => {
    const socket = connect(secure.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await text(socket).catch(() => '')).not.toContain('HTTP/1.1 200');
  });
});
