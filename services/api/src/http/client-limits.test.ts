import { eventually } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, startTestApi, type TestApi } from '../testing/api.ts';

const token = 'a-token-of-sixteen-or-more';
const viewerToken = 'a-token-for-those-who-look';
/** Ten seconds of it are counted together. */
const perSecond = 60;
let test: TestApi;
beforeAll(async () => {
  test = await startTestApi({
    env: {
      API_HOST: '0.0.0.0',
      API_TOKEN: token,
      API_VIEWER_TOKEN: viewerToken,
      API_RATE_LIMIT: String(perSecond),
    },
  });
});
afterAll(() => test?.stop());

const bearer = (value: string) => ({ authorization: `Bearer ${value}` });
const times = <T>(count: number, act: () => Promise<T>) => Promise.all(Array.from({ length: count }, act));
const isRefused = ({ status }: { status: number }) => status === 429;

function expectRefusal({ status, headers, body }: Answer, limit: string) {
  expect(status).toBe(429);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ type: '/docs/problems#too-many', status: 429 });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(headers.get('ratelimit-policy')).toBe(limit);
  expect(headers.get('ratelimit')).toMatch(/;r=0;t=\d+$/);
}

describe('a client of the API', () => {
  it('may have so many streams open, and another one when it has closed one', async () => {
    await eventually(async () => {
      expect((await test.get('/readyz')).status).toBe(200);
    });
    const watch = async () => {
      const leaving = new AbortController();
      const answer = await fetch(`${test.api.url}/v1/stream`, {
        headers: bearer(viewerToken),
        signal: leaving.signal,
      });
      return { status: answer.status, leave: () => leaving.abort() };
    };
    const watching = await times(500, watch);
    expect(watching.filter(isRefused)).toEqual([]);
    expect((await watch()).status).toBe(429);
    watching[0]?.leave();
    const another = await eventually(async () => {
      const next = await watch();
      expect(next.status).toBe(200);
      return next;
    });
    for (const { leave } of [...watching, another]) leave();
  });

  it('that sends wrong tokens is not listened to any more, while who was let in before goes on', async () => {
    expect((await test.get('/v1/clock', bearer(token))).status).toBe(200);
    const guesses = await times(30, () => test.get('/v1/clock', bearer(`guess-${Math.random()}`)));
    expect(guesses.map(({ status }) => status)).toEqual(guesses.map(() => 401));
    const late = await test.get('/v1/clock', bearer('one-guess-too-many'));
    expectRefusal(late, '"wrong_tokens";q=30;w=60');
    expect((await test.get('/v1/clock', bearer(token))).status).toBe(200);
  });

  it('may send so many requests, and then hears when to come again; others go on', async () => {
    const answers = await times(perSecond * 10 + 1, () => test.get('/v1/clock', bearer(token)));
    const refused = answers.filter(isRefused);
    expectRefusal(refused[0] as Answer, `"requests";q=${perSecond * 10};w=10`);
    expect((await test.get('/v1/clock', bearer(viewerToken))).status).toBe(200);
    expect((await test.get('/livez')).status).toBe(200);
  });

  it('without a token is counted as well', async () => {
    const answers = await times(perSecond * 10 + 1, () => test.get('/v1/clock'));
    expect(answers.some(isRefused)).toBe(true);
  });
});
