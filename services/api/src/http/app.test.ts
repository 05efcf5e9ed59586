import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { send, startTestApi, statusWithHost, type TestResponse, type TestApi } from '../testing/api.ts';

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const request = (method: string, path: string) => send(test.api.url + path, { method });

/** The parts of a response that are compared with a problem. */
const shown = ({ status, headers, body }: TestResponse) => ({
  status,
  mediaType: headers.get('content-type'),
  body,
});

const aProblem = (status: number, type: string) => ({
  status,
  mediaType: 'application/problem+json',
  body: {
    type: `/docs/problems#${type}`,
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringMatching(/./),
    instance: expect.stringMatching(/^\//),
    errors: [],
  },
});

describe('a request without a route', () => {
  it.each(['/v1', '/v1/nothing', '/v1/riders/', '/v2/riders', '/docs/../.env', '/docs/other.js'])(
    'gets 404 at %s',
    async (path) => {
      expect(shown(await test.get(path))).toEqual(aProblem(404, 'not-found'));
    },
  );

  it.each([
    ['DELETE', '/v1/riders', 'GET, HEAD, POST'],
    ['PUT', '/v1/riders/1', 'GET, HEAD'],
    ['POST', '/v1/commands', 'GET, HEAD'],
    ['PATCH', '/v1/events/1/signups', 'GET, HEAD'],
    ['POST', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/v1/riders', 'GET, HEAD, POST'],
  ])('gets 405 for %s %s, with the allowed methods', async (method, path, allow) => {
    const response = await request(method, path);
    expect(shown(response)).toEqual(aProblem(405, 'method-not-allowed'));
    expect(response.headers.get('allow')).toBe(allow);
  });
});

describe('every response', () => {
  it.each(['/v1/riders', '/v1/nothing', '/livez', '/openapi.json', '/docs'])(
    'sets the security headers at %s',
    async (path) => {
      const { headers } = await test.get(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );

  it('with data is revalidated each time, by its ETag', async () => {
    const { headers } = await test.get('/v1/riders');
    expect(headers.get('cache-control')).toBe('private, no-cache');
    const etag = headers.get('etag') ?? '';
    const again = await test.get('/v1/riders', { 'if-none-match': etag });
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag]);
    expect((await test.get('/v1/riders?limit=1', { 'if-none-match': '"x", *' })).status).toBe(200);
  });

  it('without data is not cached', async () => {
    expect((await test.get('/livez')).headers.get('cache-control')).toBe('no-store');
  });

  it('to HEAD has no body', async () => {
    const { status, body } = await request('HEAD', '/v1/riders');
    expect(status).toBe(200);
    expect(body).toBe('');
  });
});

describe('an API on loopback', () => {
  it.each(['localhost', 'localhost:3000', '127.0.0.1', '127.8.8.8:80', '[::1]:3000'])(
    'accepts the host %s',
    async (host) => {
      expect(await statusWithHost(`${test.api.url}/v1/riders`, host)).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example:3000', 'localhost.evil.example', '10.0.0.1'])(
    'rejects the host %s',
    async (host) => {
      expect(await statusWithHost(`${test.api.url}/v1/riders`, host)).toBe(421);
    },
  );
});

describe('a change that a browser sends for a web page', () => {
  const trigger = (headers: Record<string, string>) =>
    send(`${test.api.url}/v1/syncs/near/trigger`, { method: 'POST', headers });

  it.each([
    ['from another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['from another port', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['with a hidden origin', { origin: 'null' }],
    ['without Sec-Fetch-Site', { origin: 'https://evil.example' }],
  ])('%s is rejected', async (_, headers) => {
    expect(shown(await trigger(headers))).toEqual(aProblem(403, 'cross-origin-blocked'));
    expect((await test.get('/v1/runs', headers)).status).toBe(200);
  });

  it('from our own page is accepted', async () => {
    await test.until(async () => {
      expect((await trigger({ origin: test.api.url })).status).toBe(202);
      const viaProxy = { origin: 'https://paceline.example', 'sec-fetch-site': 'same-origin' };
      expect((await trigger(viaProxy)).status).toBe(202);
    });
  });
});

describe('an internal error', () => {
  it('gets 500 without any details', async () => {
    await test.db.execute(sql`alter table riders rename to hidden_riders`);
    const response = await test.get('/v1/riders').finally(async () => {
      await test.db.execute(sql`alter table hidden_riders rename to riders`);
    });
    expect(shown(response)).toEqual(aProblem(500, 'unexpected'));
    expect(JSON.stringify(response.body)).not.toMatch(/select|relation|hidden|stack|\.ts/);
    expect((await test.get('/v1/riders')).status).toBe(200);
  });
});
