import { describe, expect, it } from 'vitest';
import { createApi, pathOf } from './api.ts';
import { ApiProblem, isPermanent, isTemporary, fieldError, Unreachable, errorText } from './api.ts';

/** An API that returns the given responses in order, and the requests it received. */
function fakeApi(...responses: ReadonlyArray<() => Response>) {
  const sent: Array<{ path: string; method: string | undefined; headers: unknown; body: unknown }> = [];
  const remaining = [...responses];
  const api = createApi({
    token: 'secret',
    fetch: (path, { method, headers, body }) => {
      sent.push({ path, method, headers, body });
      const respond = remaining.shift();
      return respond ? Promise.resolve(respond()) : Promise.reject(new TypeError('fetch failed'));
    },
  });
  return { api, sent };
}
const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status });

describe('an operation', () => {
  it('that is answered from memory has a time limit, so that an API that hangs is noticed', async () => {
    const limits: Record<string, boolean> = {};
    const api = createApi({
      fetch: async (path, { signal }) => {
        limits[path] = signal instanceof AbortSignal;
        return Response.json({});
      },
    });
    await api.call('GET /v1/health');
    await api.call('GET /v1/clock');
    await api.call('GET /v1/riders');
    expect(limits).toEqual({ '/v1/health': true, '/v1/clock': true, '/v1/riders': false });
  });

  it('is sent with its parameters, its body and the token', async () => {
    const { api, sent } = fakeApi(json({}));
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

  it('reads a list to its last page', async () => {
    const { api, sent } = fakeApi(json({ items: [1, 2], next: 'c' }), json({ items: [3], next: null }));
    expect(await api.all('GET /v1/runs', { query: { state: 'done' } })).toEqual([1, 2, 3]);
    expect(sent.map(({ path }) => path)).toEqual([
      '/v1/runs?limit=500&state=done',
      '/v1/runs?limit=500&state=done&cursor=c',
    ]);
  });
});

describe('an error', () => {
  const errorOf = (...responses: ReadonlyArray<() => Response>) =>
    fakeApi(...responses)
      .api.call('GET /v1/clock')
      .then(
        () => expect.unreachable(),
        (error: Error) => error,
      );

  it('has the message of the API for each field', async () => {
    const errors = [{ field: 'kinds.far.opens', message: 'must be a cron expression' }];
    const problem = await errorOf(json({ detail: '2 fields are invalid', errors }, 400));
    expect(problem).toBeInstanceOf(ApiProblem);
    expect(problem).toMatchObject({ message: '2 fields are invalid', status: 400 });
    expect(errorText(problem)).toBe('kinds.far.opens must be a cron expression');
    expect(fieldError(problem, 'kinds.far.opens')).toBe('must be a cron expression');
    expect(fieldError(problem, 'kinds.near.opens')).toBeUndefined();
  });

  it('is permanent when the same request would be refused again', () => {
    const problem = (status: number) => new ApiProblem(status, {});
    expect([400, 401, 403, 404, 410, 422].map(problem).every(isPermanent)).toBe(true);
    expect([408, 409, 425, 429, 500, 503].map(problem).some(isPermanent)).toBe(false);
    expect(isPermanent(new Unreachable('gone'))).toBe(false);
  });

  it('is temporary when the API or a service behind it is down', async () => {
    const unreachable = await errorOf();
    expect(unreachable).toBeInstanceOf(Unreachable);
    expect(isTemporary(unreachable)).toBe(true);
    expect(isTemporary(await errorOf(() => new Response('', { status: 503 })))).toBe(true);
    expect(isTemporary(await errorOf(json({}, 404)))).toBe(false);
    expect((await errorOf(() => new Response('<html>'))).message).toContain('is not the Paceline API');
  });
});
