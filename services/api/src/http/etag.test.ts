import { describe, expect, it } from 'vitest';
import { withoutAges, etags } from './etag.ts';
import { Hono } from 'hono';

const response = (age: number, more: object = {}) =>
  JSON.stringify({
    at: `2026-03-01T12:00:0${age}Z`,
    items: [{ a: 1, ageSeconds: age, signupsAgeSeconds: age, ...more }],
  });

describe('a response without its ages', () => {
  it('stays the same as time passes', () => {
    expect(withoutAges(response(1))).toBe(withoutAges(response(7)));
  });
  it('differs if anything else has changed', () => {
    expect(withoutAges(response(1))).not.toBe(withoutAges(response(1, { b: null })));
    expect(withoutAges(response(1, { fetchedAt: 'x' }))).not.toBe(
      withoutAges(response(1, { fetchedAt: 'y' })),
    );
    expect(withoutAges('{"items":[{"at":"x"}]}')).toContain('x');
    expect(withoutAges(JSON.stringify({ name: 'ageSeconds' }))).toContain('ageSeconds');
  });
});

let rider = { name: 'Ada', ageSeconds: 1 };
const app = new Hono()
  .use(etags)
  .get('/rider', (c) => c.json(rider))
  .post('/rider', (c) => c.json(rider))
  .get('/none', (c) => c.json({ type: 'not-found' }, 404))
  .get('/text', (c) => c.text('ok'));

const read = (headers: Record<string, string> = {}, method = 'GET') =>
  app.request('/rider', { headers, method });
const etagNow = async () => (await read()).headers.get('etag') ?? '';

describe('a response with an ETag', () => {
  it('is not sent again while only its age has changed', async () => {
    const etag = await etagNow();
    expect(etag).toMatch(/^W\/".{27}"$/);
    rider = { ...rider, ageSeconds: 77 };
    for (const known of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
      const response = await read({ 'if-none-match': known });
      expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', etag]);
      expect(response.headers.get('content-type')).toBeNull();
    }
    expect((await read({ 'if-none-match': etag }, 'HEAD')).status).toBe(304);
  });

  it('is sent again once it has changed', async () => {
    const etag = await etagNow();
    rider = { ...rider, name: 'Ida' };
    const response = await read({ 'if-none-match': etag });
    expect(response.status).toBe(200);
    expect(response.headers.get('etag')).not.toBe(etag);
    expect(await response.json()).toEqual(rider);
  });

  it('is a successful JSON response to a read', async () => {
    expect((await read({}, 'POST')).headers.get('etag')).toBeNull();
    for (const path of ['/none', '/text']) expect((await app.request(path)).headers.get('etag')).toBeNull();
  });
});
