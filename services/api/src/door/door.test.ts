import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { tables } from '@paceline/shared/database';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { apiKey, send, startTestApi, type TestApi } from '../testing/api.ts';
import { runRealLimiter } from '../testing/services.ts';
import { startUpstream, type TestUpstream } from '../testing/upstream.ts';

let upstream: TestUpstream;
let test: TestApi;
let limiter: { stop(): Promise<void> };
let plainAnswer: TestUpstream['answer'];

beforeAll(async () => {
  upstream = await startUpstream();
  plainAnswer = upstream.answer;
  test = await startTestApi({
    env: { API_UPSTREAMS: 'zwiftracing', ZWIFTRACING_BASE_URL: upstream.baseUrl },
  });
  limiter = await runRealLimiter(test);
  // Short windows, so that tests need not wait long for the next ones.
  for (const [budget, limit] of Object.entries({ riders_single: 5, riders_bulk: 1, results: 1 }))
    await test.during(
      send(`${test.api.url}/v1/budgets/${budget}/policy`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ limit, windowSeconds: 1 }),
      }),
    );
});
beforeEach(async () => {
  upstream.received.length = 0;
  upstream.answer = plainAnswer;
  await test.db.delete(tables.syncLogs);
});
afterAll(async () => {
  await limiter?.stop();
  await test?.stop();
  upstream?.stop();
});

const rider = '/upstream/zwiftracing/public/riders/4500001';
const call = (path: string, init?: RequestInit) => test.during(send(test.api.url + path, init));
/** Until the windows are free again. */
const nextWindow = () => test.pass(2_500);
const rows = () => test.db.select().from(tables.syncLogs);

describe('a call through the door', () => {
  beforeEach(nextWindow);

  it('is made with the key, and its answer is passed on', async () => {
    upstream.answer = (response) =>
      response
        .writeHead(200, { 'content-type': 'application/json; charset=utf-8', etag: '"7"' })
        .end('{"riderId":4500001}');
    const { status, headers, body } = await call(`${rider}?fields=name&sort=%20a`);
    expect(status).toBe(200);
    expect(body).toEqual({ riderId: 4500001 });
    expect(upstream.received).toMatchObject([
      { line: 'GET /api/public/riders/4500001?fields=name&sort=%20a', headers: { authorization: apiKey } },
    ]);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      etag: '"7"',
      age: '0',
      'paceline-permit': expect.stringMatching(/^\d+-\d+-/),
      'proxy-status': 'paceline;received-status=200',
      'server-timing': expect.stringMatching(/^wait;dur=\d+\.\d, upstream;dur=\d+\.\d$/),
      'ratelimit-policy': '"riders_single";q=5;w=1',
      ratelimit: '"riders_single";r=4;t=0',
    });
  });

  it('is in the call log, with the program that made it', async () => {
    const { headers } = await call(rider);
    await test.until(async () => {
      expect(await rows()).toMatchObject([
        {
          permit: headers.get('paceline-permit'),
          caller: 'local',
          endpoint: 'riders_single',
          target: '4500001',
          lane: 'far_event_sync',
          status: 200,
          message: 'answered 200',
          durationMs: expect.any(Number),
        },
      ]);
    });
  });

  it('sends its body, media type and preferences upstream, and none of its other headers', async () => {
    const headers = {
      'content-type': 'application/json',
      accept: 'text/csv',
      authorization: 'Bearer of-the-api-itself',
      cookie: 'session=1',
      'x-forwarded-for': '10.0.0.1',
      'proxy-authorization': 'Basic abc',
      'accept-language': 'sv',
      'user-agent': 'curl/8',
      te: 'trailers',
    };
    await call('/upstream/zwiftracing/public/riders', { method: 'POST', headers, body: '[1,2]' });
    const [received] = upstream.received;
    expect(received).toMatchObject({ line: 'POST /api/public/riders', body: '[1,2]' });
    const { host, connection: _, ...own } = received?.headers ?? {};
    expect(own).toEqual({
      accept: 'text/csv',
      'accept-language': 'sv',
      'accept-encoding': 'gzip, deflate',
      authorization: apiKey,
      'content-length': '5',
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Paceline\//),
    });
    expect(host).toBe(new URL(upstream.baseUrl).host);
  });

  it("passes none of upstream's headers that are about its own connection, session or limits", async () => {
    upstream.answer = (response) =>
      response
        .writeHead(200, {
          'set-cookie': 'session=1',
          server: 'nginx',
          'x-powered-by': 'Express',
          'www-authenticate': 'Bearer',
          'x-ratelimit-limit': '9',
          ratelimit: '"theirs";r=1;t=1',
          'content-security-policy': 'default-src *',
          'access-control-allow-origin': '*',
          'cache-control': 'public, max-age=60',
          'keep-alive': 'timeout=5',
        })
        .end('{}');
    const { headers } = await call(rider);
    for (const name of ['set-cookie', 'server', 'x-powered-by', 'www-authenticate', 'x-ratelimit-limit'])
      expect(headers.get(name), name).toBeNull();
    expect(headers.get('ratelimit')).toContain('"riders_single"');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is answered decoded, whatever the encoding that upstream uses', async () => {
    upstream.answer = (response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}'));
    const { headers, body } = await call(rider, { headers: { 'accept-encoding': 'identity' } });
    expect(headers.get('content-encoding')).toBeNull();
    expect(body).toBe('{"a":1}');
  });

  it('is answered as it comes, before upstream has sent the end', async () => {
    let end = () => {};
    upstream.answer = (response) => {
      response.writeHead(200).write('first ');
      end = () => response.end('last');
    };
    const reading = fetch(test.api.url + rider);
    const response = await test.during(reading);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toBe('first ');
    end();
    expect((await reader.read()).value).toBe('last');
  });

  it.each([
    [429, { 'retry-after': '2' }, '{"message":"slow down"}'],
    [500, {}, 'broken'],
    [404, {}, '{"error":"no such rider"}'],
    [302, { location: 'https://elsewhere.example/?key=1' }, ''],
    [204, {}, ''],
  ])('passes on a %i with its body, made once', async (status, own, text) => {
    upstream.answer = (response) => response.writeHead(status, own).end(text);
    const { headers, body, status: received } = await call(rider);
    expect(received).toBe(status);
    expect(typeof body === 'string' ? body : JSON.stringify(body)).toBe(text);
    expect(headers.get('proxy-status')).toBe(`paceline;received-status=${status}`);
    expect(headers.get('location')).toBeNull();
    expect(upstream.received).toHaveLength(1);
    if (status === 429) expect(headers.get('retry-after')).toBe('2');
  });

  it.each([
    [200, {}],
    // Of known length and short, it is passed on in one piece.
    [200, { 'content-length': 9 + apiKey.length + 8 }],
    [500, {}],
  ])('does not show the key, even if upstream repeats it with a %i and %o', async (status, own) => {
    upstream.answer = (response) => {
      response.writeHead(status, {
        ...own,
        link: `<https://next.example/?key=${apiKey}>; rel="next"`,
        etag: `"${apiKey}"`,
      });
      response.write(`your key ${apiKey.slice(0, 5)}`);
      response.end(`${apiKey.slice(5)} is fine`);
    };
    const { headers, body } = await call(rider);
    expect(body).toBe('your key *** is fine');
    expect(JSON.stringify([...headers])).not.toContain(apiKey);
    await test.until(async () => expect(await rows()).toMatchObject([{ durationMs: expect.any(Number) }]));
    expect(JSON.stringify(await rows())).not.toContain(apiKey);
  });

  it('reports a 429 to the limiter, so that the next one waits for the time that it names', async () => {
    upstream.answer = (response) => response.writeHead(429, { 'retry-after': '4' }).end('{}');
    await call(rider);
    const { status, headers, body } = await call(rider, { headers: { prefer: 'wait=1' } });
    expect(status).toBe(503);
    expect(body.type).toBe('/docs/problems#no-permit');
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(3);
    expect(headers.get('proxy-status')).toBe('paceline;error=http_request_denied');
    expect(upstream.received).toHaveLength(1);
  });

  it('says that upstream is unreachable when a short answer breaks off', async () => {
    upstream.answer = (response) => {
      response.writeHead(200, { 'content-length': 100 }).write('the first half', () => response.destroy());
    };
    const { status, body } = await call(rider);
    expect([status, body.type]).toEqual([502, '/docs/problems#upstream-unreachable']);
  });

  it('says that upstream is unreachable, and keeps the call in the log', async () => {
    upstream.answer = (response) => response.socket?.resetAndDestroy();
    const { status, headers, body } = await call(rider);
    expect(status).toBe(502);
    expect(body.type).toBe('/docs/problems#upstream-unreachable');
    expect(headers.get('proxy-status')).toBe('paceline;error=destination_unavailable');
    const permit = headers.get('paceline-permit');
    await test.until(async () => {
      expect(await rows()).toMatchObject([{ permit, status: null, durationMs: expect.any(Number) }]);
    });
  });

  it("says that upstream did not answer within the endpoint's timeout", async () => {
    upstream.answer = () => undefined;
    const { status, body } = await call(rider);
    expect(status).toBe(504);
    expect(body).toMatchObject({
      type: '/docs/problems#upstream-timeout',
      detail: 'ZwiftRacing did not answer within 30 s',
    });
  });
});

describe('a call without a free permit', () => {
  beforeEach(nextWindow);

  const club = '/upstream/zwiftracing/public/clubs/20650';

  it('is refused at once when its patience is shorter than the wait, with the time that would do', async () => {
    await call(club);
    const before = test.clock.now();
    const { status, headers, body } = await call(club, { headers: { prefer: 'wait=60' } });
    expect(test.clock.now() - before).toBeLessThan(1_000);
    expect(status).toBe(503);
    expect(body.type).toBe('/docs/problems#no-permit');
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_590);
    expect(upstream.received).toHaveLength(1);
  });

  it('is made as soon as its permit is free, within its patience', async () => {
    const results = '/upstream/zwiftracing/public/results/5';
    await call(results);
    const before = test.clock.now();
    const { status, headers } = await call(results, { headers: { prefer: 'wait=90' } });
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=90');
    expect(headers.get('ratelimit')).toMatch(/^"results";r=0;t=\d+$/);
    expect(test.clock.now() - before).toBeGreaterThanOrEqual(1_900);
  });

  it('leaves the queue when its caller disconnects', async () => {
    const results = '/upstream/zwiftracing/public/results/5';
    await call(results);
    const leaving = new AbortController();
    const abandoned = send(test.api.url + results, {
      signal: leaving.signal,
      headers: { prefer: 'wait=300' },
    });
    const waiting = async () => (await test.get('/v1/budgets/results')).body.waiting.count as number;
    await test.until(async () => expect(await waiting()).toBe(1));
    leaving.abort();
    await expect(abandoned).rejects.toThrow();
    await test.until(async () => expect(await waiting()).toBe(0));
    await test.pass(5_000);
    expect(upstream.received).toHaveLength(1);
  });

  it('does not wait for a limiter that is not there', async () => {
    await limiter.stop();
    const { status, body } = await call(rider, { headers: { prefer: 'wait=5' } });
    limiter = await runRealLimiter(test);
    expect(status).toBe(503);
    expect(body.detail).toBe('The limiter does not answer; nothing was sent');
    expect(upstream.received).toEqual([]);
  });
});

describe('the door', () => {
  beforeAll(nextWindow);

  it('lists the calls that it allows when asked for another one', async () => {
    const { status, body } = await call('/upstream/zwiftracing/public/everything');
    expect(status).toBe(404);
    expect(body).toMatchObject({
      type: '/docs/problems#call-not-listed',
      allowed: expect.arrayContaining(['GET /public/clubs/:id', 'POST /public/riders']),
    });
  });

  it('names the methods of a path', async () => {
    const { status, headers } = await call(rider, { method: 'DELETE' });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET, POST');
    expect((await call(rider, { method: 'HEAD' })).status).toBe(405);
  });

  it('is closed for an upstream that API_UPSTREAMS does not name', async () => {
    expect((await call('/upstream/strava/athlete')).status).toBe(404);
    expect(upstream.received).toEqual([]);
  });

  it('lets an operator use a forced lane, and refuses unknown ones', async () => {
    const lane = (name: string) => call(rider, { headers: { 'paceline-lane': name } });
    expect((await lane('manual_rider_add')).status).toBe(200);
    expect(await lane('fastest')).toMatchObject({ status: 400, body: { errors: [{ field: 'lane' }] } });
  });

  it('takes a body of up to 1 MiB', async () => {
    const post = (bytes: number) =>
      call('/upstream/zwiftracing/public/riders', { method: 'POST', body: 'x'.repeat(bytes) });
    expect((await post(1_048_577)).status).toBe(413);
    expect(upstream.received).toEqual([]);
    expect((await post(1_048_576)).status).toBe(200);
    expect(upstream.received[0]?.body).toHaveLength(1_048_576);
  });

  it.each(['cross-site', 'same-site'])(
    'is not opened by a page of another site, not even for an image (%s)',
    async (site) => {
      const { status, body } = await call(rider, { headers: { 'sec-fetch-site': site } });
      expect([status, body.type]).toEqual([403, '/docs/problems#cross-origin-blocked']);
      const withOrigin = { origin: 'https://evil.example', 'sec-fetch-site': site };
      expect((await call(rider, { headers: withOrigin })).status).toBe(403);
      expect(upstream.received).toEqual([]);
    },
  );
});

/** Sends a request target as it is, which `fetch` would normalize. */
const raw = (target: string, headers: Record<string, string> = {}) =>
  test.during(
    new Promise<{ status: number | undefined; isUpstreams: boolean }>((resolve, reject) => {
      const url = new URL(test.api.url);
      const sent = httpRequest({ host: url.hostname, port: url.port, path: target, headers }, (response) => {
        response.resume();
        resolve({ status: response.statusCode, isUpstreams: 'paceline-permit' in response.headers });
      });
      sent.on('error', reject).end();
    }),
  );

describe('no path through the door', () => {
  it.each([
    '/upstream/zwiftracing/../../v1/riders',
    '/upstream/zwiftracing/public/riders/../../../control',
    '/upstream/zwiftracing/public/riders/%2e%2e',
    '/upstream/zwiftracing/public/riders/.%2E',
    '/upstream/zwiftracing/public/riders/..%2f..%2fcontrol',
    '/upstream/zwiftracing/public/riders/4500001%2f..%2f..',
    '/upstream/zwiftracing/public/riders/%5c%5cevil.example',
    '/upstream/zwiftracing/public/riders/%252e%252e',
    '/upstream/zwiftracing/public/riders/1%0d%0aHost:%20evil.example',
    '/upstream/zwiftracing/public/riders/1%00',
    '/upstream/zwiftracing//evil.example/public/riders/1',
    '/upstream/zwiftracing/@evil.example/public/riders/1',
    '/upstream/zwiftracing/public//riders/1',
    '/upstream/zwiftracing/public/riders/1/',
    '/upstream/zwiftracing/http://evil.example/public/riders/1',
    '/upstream/zwiftracing@evil.example/public/riders/1',
    '/upstream/zwiftracing.evil.example/public/riders/1',
    'http://evil.example/upstream/zwiftracing/public/riders/1',
    '/upstream/__proto__/public/riders/1',
    '/upstream/zwiftracing/public/riders/%ff',
  ])('%s leads to another host, path or file', async (target) => {
    expect((await raw(target)).isUpstreams).toBe(false);
    expect(upstream.received).toEqual([]);
  });

  it('is chosen by the Host header', async () => {
    await nextWindow();
    expect((await raw(rider, { host: 'evil.example' })).status).toBe(421);
    const forwarded = { host: 'localhost', 'x-forwarded-host': 'evil.example' };
    expect((await raw(rider, forwarded)).status).toBe(200);
    expect(upstream.received.map(({ headers }) => headers.host)).toEqual([new URL(upstream.baseUrl).host]);
  });
});
