import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ConfigError, configExitCode, envExample, loadConfig } from './index.ts';
import { variables } from './variables.ts';

const problemsOf = (...load: Parameters<typeof loadConfig>): readonly string[] => {
  try {
    loadConfig(...load);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('the configuration', () => {
  it('takes defaults for what is not set, and an empty value for not set', () => {
    const config = loadConfig({ API_PORT: '' }, [
      'API_HOST',
      'API_PORT',
      'ZWIFTRACING_EVENTS_PATH',
      'SLOT_NEAR_DURATION',
    ]);
    expect(config).toEqual({
      API_HOST: '127.0.0.1',
      API_PORT: 3000,
      ZWIFTRACING_EVENTS_PATH: '/public/events/upcoming',
      SLOT_NEAR_DURATION: 600_000,
    });
  });

  it('reads club ids, durations, URLs and the clock', () => {
    const env = {
      ZWIFTRACING_CLUB_IDS: '20650, 20651',
      SLOT_FAR_DURATION: '1.5h',
      ZWIFTRACING_BASE_URL: 'http://localhost:3010/api/',
      PACELINE_CLOCK: 'scale=60,anchor=5',
    };
    expect(
      loadConfig(env, [
        'ZWIFTRACING_CLUB_IDS',
        'SLOT_FAR_DURATION',
        'ZWIFTRACING_BASE_URL',
        'PACELINE_CLOCK',
      ]),
    ).toEqual({
      ZWIFTRACING_CLUB_IDS: [20650, 20651],
      SLOT_FAR_DURATION: 5_400_000,
      ZWIFTRACING_BASE_URL: 'http://localhost:3010/api',
      PACELINE_CLOCK: { scale: 60, anchor: 5 },
    });
  });

  it('names everything that is wrong at once', () => {
    const env = {
      API_PORT: '70000',
      ZWIFTRACING_TIER: 'gold',
      SLOT_RIDER: 'often',
      ZWIFTRACING_CLUB_IDS: 'ours',
    };
    const problems = problemsOf(env, [
      'API_PORT',
      'ZWIFTRACING_TIER',
      'SLOT_RIDER',
      'ZWIFTRACING_CLUB_IDS',
      'NATS_URL',
    ]);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'API_PORT',
      'ZWIFTRACING_TIER',
      'SLOT_RIDER',
      'ZWIFTRACING_CLUB_IDS',
      'NATS_URL',
    ]);
  });

  it.each(['often', '* * *', '61 * * * *', '0 0 31 2 *', '0 0 * * * *'])(
    'refuses "%s" as a schedule',
    (text) => {
      expect(problemsOf({ SLOT_FAR: text }, ['SLOT_FAR'])).toHaveLength(1);
    },
  );

  it('refuses a time zone that there is not', () => {
    expect(problemsOf({ SLOT_TIME_ZONE: 'Mars/Olympus' }, ['SLOT_TIME_ZONE'])).toHaveLength(1);
    expect(problemsOf({ SLOT_TIME_ZONE: 'Europe/Stockholm' }, ['SLOT_TIME_ZONE'])).toEqual([]);
  });

  it('never quotes a value: it may be a secret', () => {
    const secret = 'hunter2hunter2';
    expect(
      problemsOf({ DATABASE_URL: secret, API_TOKEN: 'short-s3cret' }, ['DATABASE_URL', 'API_TOKEN']).join(),
    ).not.toMatch(/hunter2|s3cret/);
  });

  it('wants a token as soon as the API leaves loopback', () => {
    expect(problemsOf({ API_HOST: '0.0.0.0' }, ['API_HOST'], ['API_TOKEN'])).toEqual([
      'API_TOKEN is missing: off loopback (API_HOST) the API wants a token',
    ]);
    expect(
      problemsOf({ API_HOST: '0.0.0.0', API_TOKEN: 'x'.repeat(16) }, ['API_HOST'], ['API_TOKEN']),
    ).toEqual([]);
    expect(problemsOf({ API_HOST: '::1' }, ['API_HOST'], ['API_TOKEN'])).toEqual([]);
  });

  it('allows a faster clock only against an upstream on loopback', () => {
    const env = { PACELINE_CLOCK: 'scale=60,anchor=1', ZWIFTRACING_BASE_URL: 'https://upstream.example/api' };
    expect(problemsOf(env, ['PACELINE_CLOCK', 'ZWIFTRACING_BASE_URL'])).toHaveLength(1);
  });

  it('that is wrong ends the process with exit code 78', () => {
    const load = fileURLToPath(new URL('./load.ts', import.meta.url));
    const script = `import { loadConfigOrExit } from ${JSON.stringify(load)}; loadConfigOrExit(['NATS_URL']);`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: {},
      encoding: 'utf8',
    });
    expect(status).toBe(configExitCode);
    expect(stderr).toContain('NATS_URL is missing');
  });

  it('has an example that names every variable and sets none', () => {
    const lines = envExample().split('\n');
    for (const name of Object.keys(variables))
      expect(
        lines.some((line) => line.startsWith(`#${name}=`)),
        name,
      ).toBe(true);
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });
});
