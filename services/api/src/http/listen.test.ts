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
/** Gives a request the usual time to come. */
let patient: HttpServer;
const soon = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
beforeAll(async () => {
  server = await listenHttp(
    async (request) => new Response(await request.text()),
    '127.0.0.1',
    0,
    undefined,
    soon,
  );
  patient = await listenHttp(async () => new Response(), '127.0.0.1', 0);
});
afterAll(() => Promise.all([server.drain(), patient.drain()]));

/** Sends a text as it is, keeps the connection open, and returns what was answered until the server closed it. */
async function answerTo(sent: string, { port }: HttpServer = patient): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(sent);
  return text(socket);
}

describe('whoever takes long to send', () => {
  it.each([
    ['the head of a request', 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
    ['its body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf'],
  ])('%s is told so and cut off', async (_, beginning) => {
    expect(await answerTo(beginning, server)).toMatch(/^HTTP\/1\.1 408 /);
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

describe('a server that is drained', () => {
  it('answers what is in hand, and waits for nobody who has not asked', async () => {
    const answer = Promise.withResolvers<Response>();
    const asked = Promise.withResolvers<void>();
    const busy = await listenHttp(() => (asked.resolve(), answer.promise), '127.0.0.1', 0);
    const silent = connect(busy.port, '127.0.0.1');
    const halfSaid = connect(busy.port, '127.0.0.1');
    halfSaid.write('GET / HTTP/1.1\r\nHo');
    await Promise.all([once(silent, 'connect'), once(halfSaid, 'connect')]);
    const request = fetch(busy.url);
    await asked.promise;

    const drained = busy.drain();
    answer.resolve(new Response('answered'));
    expect(await (await request).text()).toBe('answered');
    await drained;
    await Promise.all([silent, halfSaid].map((socket) => text(socket).catch(() => '')));
  });
});

describe('over https', () => {
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

  const ask = async (options: RequestOptions) => {
    const asked = get({ port: secure.port, path: '/v1/x', agent: false, ...options });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return text(answer);
  };

  it('whoever trusts its authority is answered', async () => {
    expect(secure.url).toMatch(/^https:/);
    expect(await ask({ host: 'localhost', ca })).toBe(`https://localhost:${secure.port}/v1/x`);
  });

  it('nobody takes it for another', async () => {
    await expect(ask({ host: 'localhost' })).rejects.toThrow('unable to verify');
    await expect(ask({ host: '127.0.0.1', ca })).rejects.toThrow('does not match');
  });

  it('nothing is answered in the clear', async () => {
    const socket = connect(secure.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await text(socket).catch(() => '')).not.toContain('HTTP/1.1 200');
  });
});
