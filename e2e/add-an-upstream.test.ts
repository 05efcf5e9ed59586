import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { afterAll, beforeAll, expect, it } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '../docs/add-an-upstream.md'), 'utf8');
const [, file = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
const [, call = ''] = /^curl http:\/\/127\.0\.0\.1:3000(\S+)$/m.exec(page) ?? [];
const variables = Object.fromEntries(
  [...page.matchAll(/^(UPSTREAMS|API_UPSTREAMS|WEATHER_TOKEN)=(.*)$/gm)].map(([, name, value]) => [
    name,
    value,
  ]),
);

const received: Array<{ url: string | undefined; headers: IncomingHttpHeaders }> = [];
const weather = createServer(({ url, headers }, response) => {
  received.push({ url, headers });
  response.setHeader('content-type', 'application/json').end('{"celsius":21}');
});
let folder: string;
let stack: TestStack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-weather-'));
  await writeFile(join(folder, 'weather.yaml'), file);
  await once(weather.listen(0, '127.0.0.1'), 'listening');
  stack = await startTestStack(oneEvening(30), {
    ...variables,
    UPSTREAMS: variables.UPSTREAMS?.replace('weather', join(folder, 'weather.yaml')),
    WEATHER_TOKEN: 'hush-hush-hush',
    WEATHER_BASE_URL: `http://127.0.0.1:${(weather.address() as AddressInfo).port}/v2`,
  });
});
afterAll(async () => {
  await stack?.stop();
  weather.close();
  await rm(folder, { recursive: true });
});

it('the page leads to a call with the key of the installation, which the caller never sees', async () => {
  const response = await fetch(stack.apiUrl + call);
  expect([response.status, await response.json()]).toEqual([200, { celsius: 21 }]);
  expect(response.headers.get('ratelimit')).toContain('"day"');
  expect(JSON.stringify([...response.headers])).not.toContain('hush');
  expect(received).toMatchObject([
    { url: '/v2/stations/7', headers: { authorization: 'Bearer hush-hush-hush' } },
  ]);
});

it('other paths are refused, and nothing is sent', async () => {
  const response = await fetch(`${stack.apiUrl}/upstream/weather/admin`);
  expect([response.status, await response.json()]).toMatchObject([
    404,
    { allowed: ['GET /stations', 'GET /stations/:id', 'GET /stations/:id/forecast'] },
  ]);
  expect(received).toHaveLength(1);
});

it('the call counts in its windows, which the API shows', async () => {
  const { items } = await stack.api.call('GET /v1/budgets');
  const windows = items.filter(({ upstream }) => upstream === 'weather');
  expect(windows.map(({ budget, policy }) => [budget, policy.limit])).toEqual([
    ['weather:minute', 60],
    ['weather:day', 5_000],
  ]);
  // By now the minute of this fast clock can have passed.
  expect(windows[1]?.permits).toHaveLength(1);
});
