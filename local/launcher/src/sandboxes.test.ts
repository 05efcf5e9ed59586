import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { otherUpstreams } from './sandboxes.ts';
import { clockOf, readSettings } from './settings.ts';
import { openState, type StateFolder } from './state.ts';

let folder: string;
let state: StateFolder;
/** An upstream file without a sandbox. */
let weather: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'paceline-sandboxes-'));
  state = await openState(folder);
  weather = join(folder, 'weather.yaml');
  await writeFile(
    weather,
    `label: Weather
baseUrl: https://weather.example/v1
auth: { bearer: WEATHER_TOKEN }
budgets: { forecasts: { label: Forecasts, limit: 10 per 1m } }
endpoints: { forecasts: { calls: [GET /forecasts/:id] } }
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const namesIn = (env: NodeJS.ProcessEnv) => {
  const { sandboxed = [], real = [] } = otherUpstreams(env);
  return { sandboxed: sandboxed.map(({ name }) => name), real: real.map(({ name }) => name) };
};

describe('another upstream', () => {
  it('gets its sandbox if it has one, unless a base URL is given', () => {
    const env = { UPSTREAMS: 'zwiftracing,strava' };
    expect(namesIn(env)).toEqual({ sandboxed: ['strava'], real: [] });
    expect(namesIn({ ...env, STRAVA_BASE_URL: 'https://www.strava.com/api/v3' })).toEqual({
      sandboxed: [],
      real: ['strava'],
    });
  });

  it('without a sandbox is called itself', () => {
    expect(namesIn({ UPSTREAMS: `zwiftracing,${weather}` })).toEqual({ sandboxed: [], real: ['weather'] });
  });

  it('without a sandbox needs its key if programs may call it, which is known before anything starts', () => {
    const env = { UPSTREAMS: `zwiftracing,strava,${weather}`, API_UPSTREAMS: 'zwiftracing,strava,weather' };
    expect(() => readSettings(env)).toThrow(
      /^[^]*1 problem:[^]*WEATHER_TOKEN is missing: API_UPSTREAMS names weather/,
    );
    expect(readSettings({ ...env, WEATHER_TOKEN: 'hush' }).API_UPSTREAMS).toHaveLength(3);
    expect(() => readSettings({ API_UPSTREAMS: 'weather' })).toThrow(
      'API_UPSTREAMS names "weather", which is not',
    );
  });

  it('keeps the sandbox’s clock only if it is a sandbox, too', async () => {
    const scaleWith = async (env: NodeJS.ProcessEnv) => (await clockOf(readSettings(env), env, state)).scale;
    expect(await scaleWith({ UPSTREAMS: `zwiftracing,${weather}` })).toBe(1);
    expect(await scaleWith({ UPSTREAMS: 'zwiftracing,strava' })).toBe(60);
    expect(await scaleWith({})).toBe(60);
  });
});
