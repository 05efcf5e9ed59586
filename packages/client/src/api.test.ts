import { describe, expect, it } from 'vitest';
import { createApi, pathOf } from './api.ts';
import { ApiProblem, isTemporary, fieldError, Unreachable, errorText } from './api.ts';

/** An API that answers one after the other, and what it was sent. */
function apiOf(...answers: ReadonlyArray<() => Response>) {
  const sent: Array<{ path: string; method: string | undefined; headers: unknown; body: unknown }> = [];
  const left = [...answers];
  const api = createApi({
    token: 'secret',
    fetch: (path, { method, headers, body }) => {
      sent.push({ path, method, headers, body });
      const answer = left.shift();
      return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError('fetch failed'));
    },
  });
  return { api, sent };
}
const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });

describe('an operation', () => {
  it('is sent with its parameters, its body and the token', async () => {
    const { api, sent } = apiOf(json({}));
    const headers = { 'idempotency-key': 'once' };
    await api.call('POST /v1/riders', { body: { riderId: 7 }, headers });
    expect(sent).toEqual([
      {
        path: '/v1/riders',
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer secret', ...headers },
        body: '{"riderId":7}',
      },
    ]);
    expect(pathOf('GET /v1/runs/{runId}', { path: { runId: 'a/b' } })).toBe('/v1/runs/a%2Fb');
    expect(pathOf('GET /v1/runs', { query: { kind: undefined, limit: 5 } })).toBe('/v1/runs?limit=5');
  });

  it('that answers page by page is read to its end', async () => {
    const { api, sent } = apiOf(json({ items: [1, 2], next: 'c' }), json({ items: [3], next: null }));
    expect(await api.all('GET /v1/runs', { query: { state: 'done' } })).toEqual([1, 2, 3]);
    expect(sent.map(({ path }) => path)).toEqual([
      '/v1/runs?limit=500&state=done',
      '/v1/runs?limit=500&state=done&cursor=c',
    ]);
  });
});

describe('what goes wrong', () => {
  const failing = (...answers: ReadonlyArray<() => Response>) =>
    apiOf(...answers)
      .api.call('GET /v1/clock')
      .then(
        () => expect.unreachable(),
        (error: Error) => error,
      );

  it('is a problem in the words of the API, field by field', async () => {
    const errors = [{ field: 'kinds.far.opens', message: 'must come round' }];
    const problem = await failing(json({ detail: 'Two fields are wrong', errors }, 400));
    expect(problem).toBeInstanceOf(ApiProblem);
    expect(problem).toMatchObject({ message: 'Two fields are wrong', status: 400 });
    expect(errorText(problem)).toBe('kinds.far.opens must come round');
    expect(fieldError(problem, 'kinds.far.opens')).toBe('must come round');
    expect(fieldError(problem, 'kinds.near.opens')).toBeUndefined();
  });

  it('passes when the API is away, or a part of it', async () => {
    const away = await failing();
    expect(away).toBeInstanceOf(Unreachable);
    expect(isTemporary(away)).toBe(true);
    expect(isTemporary(await failing(() => new Response('', { status: 503 })))).toBe(true);
    expect(isTemporary(await failing(json({}, 404)))).toBe(false);
    expect((await failing(() => new Response('<html>'))).message).toContain('is not the API');
  });
});
