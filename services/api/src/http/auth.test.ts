import { manualMachine } from '@paceline/shared/clock';
// oxlint-disable-next-line no-restricted-imports -- a client of our own API, never of upstream
import { EventSource } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { streamTokens } from './stream-tokens.ts';
import { send, startTestApi, statusWithHost, type TestApi } from '../testing/api.ts';

const token = 'a-token-of-sixteen-or-more';
const viewerToken = 'a-token-for-read-only-use';
let test: TestApi;
beforeAll(async () => {
  test = await startTestApi({
    env: { API_HOST: '0.0.0.0', API_TOKEN: token, API_VIEWER_TOKEN: viewerToken, API_RATE_LIMIT: '20' },
  });
});
afterAll(() => test?.stop());

const bearer = (value: string) => ({ authorization: `Bearer ${value}` });

describe('an API with a token', () => {
  it.each(['/v1/riders', '/v1/riders/1', '/v1/coordination', '/metrics', '/v1/nothing'])(
    'rejects %s without it, with a WWW-Authenticate header',
    async (path) => {
      const { status, headers, body } = await test.get(path);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(headers.get('content-type')).toBe('application/problem+json');
      expect(body).toMatchObject({ type: '/docs/problems#unauthorized', status: 401, instance: path });
    },
  );

  it.each(['wrong', `${token}x`, token.slice(0, -1), token.toUpperCase()])(
    'rejects the token %s',
    async (wrong) => {
      const { status, headers } = await test.get('/v1/riders', bearer(wrong));
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    },
  );

  it('accepts it only as a bearer token', async () => {
    expect((await test.get('/v1/riders', { authorization: token })).status).toBe(401);
    expect((await test.get('/v1/riders', { authorization: `Basic ${token}` })).status).toBe(401);
    expect((await test.get(`/v1/riders?token=${token}`)).status).toBe(401);
  });

  it('allows reads and changes with it', async () => {
    expect((await test.get('/v1/riders', bearer(token))).status).toBe(200);
    expect((await test.get('/v1/riders', { authorization: `bearer ${token}` })).status).toBe(200);
    expect((await test.get('/metrics', bearer(token))).status).toBe(200);
    await test.until(async () => {
      expect((await test.post('/v1/riders', { riderId: 1 }, bearer(token))).status).toBe(202);
    });
  });

  it('allows reads but no changes with the viewer token', async () => {
    for (const path of ['/v1/riders', '/v1/commands', '/metrics']) {
      expect((await test.get(path, bearer(viewerToken))).status).toBe(200);
    }
    const before = (await test.get('/v1/commands', bearer(token))).body.items.length;
    const rejected = await test.post('/v1/riders', { riderId: 1 }, bearer(viewerToken));
    expect(rejected.status).toBe(403);
    expect(rejected.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope"');
    expect(rejected.body).toMatchObject({ type: '/docs/problems#forbidden', status: 403 });
    expect((await test.get('/v1/commands', bearer(token))).body.items).toHaveLength(before);
  });

  it('ignores commands without it', async () => {
    expect((await test.post('/v1/riders', { riderId: 2 })).status).toBe(401);
    const { body } = await test.get('/v1/commands', bearer(token));
    expect(body.items).toEqual(body.items.filter((item: { riderId: number }) => item.riderId !== 2));
  });

  it.each(['/livez', '/readyz', '/docs', '/docs/problems', '/docs/start.js', '/openapi.json'])(
    'serves %s without it',
    async (path) => {
      expect((await test.get(path)).status).toBe(200);
    },
  );

  it('accepts any host name', async () => {
    expect(await statusWithHost(`${test.api.url}/livez`, 'paceline.example')).toBe(200);
  });

  it('accepts a token for streams in the URL of a stream, from a browser', async () => {
    const { status, body } = await test.post('/v1/stream/tokens', {}, bearer(viewerToken));
    expect(status).toBe(200);
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(test.clock.now());
    const source = new EventSource(`${test.api.url}/v1/stream?token=${body.token}`);
    await test.until(() => expect(source.readyState).toBe(source.OPEN));
    source.close();
    const another = await test.startAnother();
    const unknown = `/v1/commands/${crypto.randomUUID()}/stream?token=${body.token}`;
    expect((await send(another.url + unknown)).status).toBe(404);
    await another.stop();
  });

  it('accepts no other token in the URL, and a token for streams nowhere else', async () => {
    const { token: streamToken } = (await test.post('/v1/stream/tokens', {}, bearer(token))).body;
    for (const wrong of [token, viewerToken, `${streamToken}x`, ''])
      expect((await test.get(`/v1/stream?token=${wrong}`)).status).toBe(401);
    expect((await test.get(`/v1/riders?token=${streamToken}`)).status).toBe(401);
    for (const path of ['/v1/riders', '/v1/stream'])
      expect((await test.get(path, bearer(streamToken))).status).toBe(401);
    const post = { method: 'POST' };
    expect((await send(`${test.api.url}/v1/stream?token=${streamToken}`, post)).status).toBe(403);
    const anHourAgo = manualMachine(test.clock.machine.now() - 3_601_000);
    const { token: old } = streamTokens(token, anHourAgo).create();
    const { status, body } = await test.get(`/v1/stream?token=${old}`);
    expect({ status, detail: body.detail }).toEqual({ status: 401, detail: 'The stream token has expired' });
  });

  it('limits requests and wrong tokens', async () => {
    const statusesOf = async (count: number, path: string, headers?: Record<string, string>) => {
      const responses = await Promise.all(Array.from({ length: count }, () => test.get(path, headers)));
      return responses.map(({ status }) => status);
    };
    expect(await statusesOf(201, '/livez')).toContain(429);
    expect(await statusesOf(31, '/v1/clock', bearer('a-guess-like-any-other'))).toContain(429);
  });
});
