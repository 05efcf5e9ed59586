import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, startTestApi, statusUnder, type TestApi } from '../testing/api.ts';

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const send = (method: string, path: string) => ask(test.api.url + path, { method });

/** An answer as a problem is compared: its status, its media type and all of its body. */
const shown = ({ status, headers, body }: Answer) => ({
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

describe('a request that no route takes', () => {
  it.each(['/v1', '/v1/nothing', '/v1/riders/', '/v2/riders', '/docs/../.env', '/docs/other.js'])(
    'is answered with 404 at %s',
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
  ])('is answered with 405 for %s %s, and the methods that there are', async (method, path, allow) => {
    const answer = await send(method, path);
    expect(shown(answer)).toEqual(aProblem(405, 'method-not-allowed'));
    expect(answer.headers.get('allow')).toBe(allow);
  });
});

describe('every answer', () => {
  it.each(['/v1/riders', '/v1/nothing', '/livez', '/openapi.json', '/docs'])(
    'keeps browsers from doing more with %s than was meant',
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

  it('with data is asked for anew each time, and has an ETag by which it need not be sent again', async () => {
    const { headers } = await test.get('/v1/riders');
    expect(headers.get('cache-control')).toBe('private, no-cache');
    const etag = headers.get('etag') ?? '';
    const again = await test.get('/v1/riders', { 'if-none-match': etag });
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, '', etag]);
    expect((await test.get('/v1/riders?limit=1', { 'if-none-match': '"x", *' })).status).toBe(200);
  });

  it('without data is kept by nobody', async () => {
    expect((await test.get('/livez')).headers.get('cache-control')).toBe('no-store');
  });

  it('has headers only when only they are asked for', async () => {
    const { status, body } = await send('HEAD', '/v1/riders');
    expect(status).toBe(200);
    expect(body).toBe('');
  });
});

describe('on loopback', () => {
  it.each(['localhost', 'localhost:3000', '127.0.0.1', '127.8.8.8:80', '[::1]:3000'])(
    'the name %s is served',
    async (host) => {
      expect(await statusUnder(`${test.api.url}/v1/riders`, host)).toBe(200);
    },
  );

  it.each(['evil.example', '127.0.0.1.evil.example:3000', 'localhost.evil.example', '10.0.0.1'])(
    'the name %s is refused: a web page may have made it point here',
    async (host) => {
      expect(await statusUnder(`${test.api.url}/v1/riders`, host)).toBe(421);
    },
  );
});

describe('a change that a browser sends for a web page', () => {
  const trigger = (headers: Record<string, string>) =>
    ask(`${test.api.url}/v1/syncs/near/trigger`, { method: 'POST', headers });

  it.each([
    ['of another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['of another port', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['that hides its origin', { origin: 'null' }],
    ['by a browser that says no more', { origin: 'https://evil.example' }],
  ])('%s is refused', async (_, headers) => {
    expect(shown(await trigger(headers))).toEqual(aProblem(403, 'foreign-page'));
    expect((await test.get('/v1/runs', headers)).status).toBe(200);
  });

  it('of our own is carried out', async () => {
    await test.until(async () => {
      expect((await trigger({ origin: test.api.url })).status).toBe(202);
      const behindAProxy = { origin: 'https://paceline.example', 'sec-fetch-site': 'same-origin' };
      expect((await trigger(behindAProxy)).status).toBe(202);
    });
  });
});

describe('when something is wrong inside', () => {
  it('answers 500 without a word of what', async () => {
    await test.db.execute(sql`alter table riders rename to hidden_riders`);
    const answer = await test.get('/v1/riders').finally(async () => {
      await test.db.execute(sql`alter table hidden_riders rename to riders`);
    });
    expect(shown(answer)).toEqual(aProblem(500, 'unexpected'));
    expect(JSON.stringify(answer.body)).not.toMatch(/select|relation|hidden|stack|\.ts/);
    expect((await test.get('/v1/riders')).status).toBe(200);
  });
});
