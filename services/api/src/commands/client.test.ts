import { createApi } from '@paceline/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';

let test: TestApi;
beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

it('a request whose response is lost is repeated, and the API carries it out once', async () => {
  const responses: Response[] = [];
  const api = createApi({
    url: test.api.url,
    async fetch(url, request) {
      responses.push(await fetch(url, request));
      // A proxy that has lost the first response.
      if (responses.length === 1) return new Response('', { status: 502, headers: { 'retry-after': '0' } });
      return responses.at(-1) as Response;
    },
  });
  const command = await api.call('POST /v1/riders', { body: { riderId: 4_500_001 } });
  expect(responses.map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  expect(await responses[0]?.json()).toEqual(command);
  const { items } = await api.call('GET /v1/commands');
  expect(items).toHaveLength(1);
});
