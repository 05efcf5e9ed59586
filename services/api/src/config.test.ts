import { ConfigError } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import { loadApiConfig } from './config.ts';

const env = {
  NATS_URL: 'nats://127.0.0.1:4222',
  DATABASE_URL: 'postgres://127.0.0.1/paceline',
  ZWIFTRACING_API_KEY: 'hush',
};

function problemsOf(changed: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadApiConfig({ ...env, ...changed });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}

describe('the upstreams of the API', () => {
  it('have the account of their key, and the address of their variable', () => {
    const { upstreams } = loadApiConfig({
      ...env,
      UPSTREAMS: 'zwiftracing,strava',
      API_UPSTREAMS: 'strava',
      STRAVA_TOKEN: 'hush',
      STRAVA_BASE_URL: 'http://127.0.0.1:9/api/',
    });
    expect(upstreams).toMatchObject([
      { baseUrl: 'http://127.0.0.1:9/api', account: expect.stringMatching(/^strava:key-[0-9a-f]{12}$/) },
    ]);
  });

  it('are rejected with all problems of variables at once, without a key', () => {
    const found = problemsOf({
      API_PORT: 'many',
      UPSTREAMS: 'zwiftracing,strava',
      API_UPSTREAMS: 'zwiftracing,strava,weather',
      ZWIFTRACING_BASE_URL: 'ftp://hush',
    });
    expect(found).toEqual([
      'API_PORT must be a whole number from 0 to 65535',
      'ZWIFTRACING_BASE_URL must be an http(s) URL',
      'STRAVA_TOKEN is missing: API_UPSTREAMS names strava',
      'API_UPSTREAMS names "weather", which is not among the upstreams: zwiftracing, strava',
    ]);
  });

  it('are judged together with the files that have mistakes', () => {
    const names = 'zwiftracing,strava,weather';
    expect(problemsOf({ UPSTREAMS: names, API_UPSTREAMS: 'strava,weather' })).toEqual([
      'UPSTREAMS must name files that can be read: weather.yaml (ENOENT)',
      'STRAVA_TOKEN is missing: API_UPSTREAMS names strava',
    ]);
  });
});
