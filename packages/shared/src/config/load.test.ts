import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ConfigError, configExitCode, envExample, loadConfig } from './index.ts';
import { variableNames, variables } from './variables.ts';

const problemsOf = (...load: Parameters<typeof loadConfig>): readonly string[] => {
  try {
    loadConfig(...load);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

afterEach(() => vi.unstubAllEnvs());

describe('configuration', () => {
  it('uses the default of an unset or empty variable', () => {
    const config = loadConfig({ API_PORT: '' }, ['API_HOST', 'API_PORT', 'SLOT_NEAR_DURATION']);
    expect(config).toEqual({
      API_HOST: '127.0.0.1',
      API_PORT: 3000,
      SLOT_NEAR_DURATION: 600_000,
    });
  });

  it('parses club ids, durations, URLs and the clock', () => {
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

  it('reports the mistakes of an upstream file together with those of variables', () => {
    vi.stubEnv('UPSTREAMS', 'none/zwiftracing.yaml');
    const needed = ['API_PORT', 'ZWIFTRACING_EVENTS_PATH'] as const;
    expect(problemsOf({ ...process.env, API_PORT: '70000' }, needed, ['UPSTREAMS'])).toEqual([
      'API_PORT must be a whole number from 0 to 65535',
      'UPSTREAMS must name files that can be read: zwiftracing.yaml (ENOENT)',
    ]);
  });

  it('reports all problems at once', () => {
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

  it.each(['many', '80.5', '-1', '1e3', '0x50', '99999999'])(
    'rejects "%s" as a number, in plain words',
    (text) => {
      expect(problemsOf({ API_PORT: text }, ['API_PORT'])).toEqual([
        'API_PORT must be a whole number from 0 to 65535',
      ]);
    },
  );

  it('says in plain words what each variable must be', () => {
    const garbage = Object.fromEntries(variableNames.map((name) => [name, '~ ~']));
    const found = problemsOf(garbage, variableNames);
    expect(found.length).toBeGreaterThan(30);
    for (const problem of found) expect(problem).toMatch(/ (must|can) /);
    expect(found.join('\n')).not.toMatch(/expected|received|NaN|Invalid input|Invalid option/);
  });

  it.each(['often', '* * *', '61 * * * *', '0 0 31 2 *', '0 0 * * * *'])(
    'rejects "%s" as a schedule',
    (text) => {
      expect(problemsOf({ SLOT_FAR: text }, ['SLOT_FAR'])).toHaveLength(1);
    },
  );

  it('accepts a broker with one or several servers, and rejects other URLs', () => {
    const problems = (NATS_URL: string) => problemsOf({ NATS_URL }, ['NATS_URL']);
    expect(problems('nats://a:1')).toEqual([]);
    expect(problems('nats://u:p@a:1, tls://u:p@b:2')).toEqual([]);
    const malformed = [
      'a:4222',
      'http://a',
      ',',
      'nats://a:1,b',
      'nats://a:1 nats://b:1',
      'nats://',
      'tls://:1',
    ];
    for (const wrong of [...malformed, 'ws://a:1', 'wss://a:1', 'nats://a:1,wss://a:1', 'mqtt://a:1'])
      expect(problems(wrong), wrong).toEqual([
        'NATS_URL must be a nats:// or tls:// URL, or several separated by commas',
      ]);
    expect(problems('nats://u:p@a:1,nats://u:other@b:1')).toEqual([
      'NATS_URL must have the same user and password for every server',
    ]);
  });

  it('rejects addresses of a scheme that nothing speaks, all at once', () => {
    const env = {
      NATS_URL: 'wss://broker.example:443',
      DATABASE_URL: 'mysql://db.example/paceline',
      SLACK_WEBHOOK_URL: 'ftp://hooks.example/x',
      ZWIFTRACING_BASE_URL: 'wss://api.example',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector.example:4317',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector.example:4318',
    };
    const names = ['NATS_URL', 'DATABASE_URL', 'SLACK_WEBHOOK_URL', 'ZWIFTRACING_BASE_URL'] as const;
    expect(problemsOf(env, names)).toEqual([
      'NATS_URL must be a nats:// or tls:// URL, or several separated by commas',
      'DATABASE_URL must be a postgres:// URL',
      'SLACK_WEBHOOK_URL must be an http(s) URL',
      'ZWIFTRACING_BASE_URL must be an http(s) URL',
      'OTEL_EXPORTER_OTLP_ENDPOINT must be an http(s) URL',
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be an http(s) URL',
    ]);
  });

  it('parses the number of processes per service', () => {
    const read = (PACELINE_REPLICAS: string) =>
      loadConfig({ PACELINE_REPLICAS }, ['PACELINE_REPLICAS']).PACELINE_REPLICAS;
    const one = { scheduler: 1, limiter: 1, 'rider-sync': 1, 'event-sync': 1, api: 1 };
    expect(read('')).toEqual(one);
    expect(read('2')).toEqual({ scheduler: 2, limiter: 2, 'rider-sync': 2, 'event-sync': 2, api: 2 });
    expect(read('limiter=3, rider-sync=2')).toEqual({ ...one, limiter: 3, 'rider-sync': 2 });
    for (const wrong of ['0', '9', 'many', 'limiter', 'limiter=0', 'postgres=2', 'limiter=2,'])
      expect(problemsOf({ PACELINE_REPLICAS: wrong }, ['PACELINE_REPLICAS']), wrong).toHaveLength(1);
  });

  it('rejects more copies than brokers', () => {
    const names = ['PACELINE_BROKERS'] as const;
    const problems = (env: NodeJS.ProcessEnv) => problemsOf(env, names, ['NATS_URL', 'NATS_REPLICAS']);
    expect(problems({ NATS_REPLICAS: '3' })).toEqual([
      'NATS_REPLICAS=3 needs three brokers: set PACELINE_BROKERS=3, or point NATS_URL at a cluster',
    ]);
    expect(problems({ NATS_REPLICAS: '3', PACELINE_BROKERS: '3' })).toEqual([]);
    expect(problems({ NATS_REPLICAS: '3', NATS_URL: 'nats://a:1' })).toEqual([]);
    expect(problems({ PACELINE_BROKERS: '3', NATS_URL: 'nats://a:1' })).toHaveLength(1);
    expect(problems({ NATS_REPLICAS: '2', PACELINE_BROKERS: '2' })).toHaveLength(2);
  });

  it('rejects an unknown time zone', () => {
    expect(problemsOf({ SLOT_TIME_ZONE: 'Mars/Olympus' }, ['SLOT_TIME_ZONE'])).toHaveLength(1);
    expect(problemsOf({ SLOT_TIME_ZONE: 'Europe/Stockholm' }, ['SLOT_TIME_ZONE'])).toEqual([]);
  });

  it('never quotes a value, which can be a secret', () => {
    const secret = 'hunter2hunter2';
    expect(
      problemsOf({ DATABASE_URL: secret, API_TOKEN: 'short-s3cret' }, ['DATABASE_URL', 'API_TOKEN']).join(),
    ).not.toMatch(/hunter2|s3cret/);
  });

  it('requires a token unless the API is on loopback', () => {
    expect(problemsOf({ API_HOST: '0.0.0.0' }, ['API_HOST'], ['API_TOKEN'])).toEqual([
      'API_TOKEN is missing: it is required because API_HOST is not loopback',
    ]);
    expect(
      problemsOf({ API_HOST: '0.0.0.0', API_TOKEN: 'x'.repeat(16) }, ['API_HOST'], ['API_TOKEN']),
    ).toEqual([]);
    expect(problemsOf({ API_HOST: '::1' }, ['API_HOST'], ['API_TOKEN'])).toEqual([]);
    const short = problemsOf({ API_HOST: '0.0.0.0', API_TOKEN: 'short' }, ['API_HOST'], ['API_TOKEN']);
    expect(short).toEqual([expect.stringMatching(/^API_TOKEN .*16/)]);
  });

  it('allows a faster clock only against an upstream on loopback', () => {
    const env = { PACELINE_CLOCK: 'scale=60,anchor=1', ZWIFTRACING_BASE_URL: 'https://upstream.example/api' };
    expect(problemsOf(env, ['PACELINE_CLOCK', 'ZWIFTRACING_BASE_URL'])).toHaveLength(1);
  });

  it('exits the process with 78 when it is invalid', () => {
    const load = fileURLToPath(new URL('./load.ts', import.meta.url));
    const script = `import { loadConfigOrExit } from ${JSON.stringify(load)}; loadConfigOrExit(['NATS_URL']);`;
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      env: {},
      encoding: 'utf8',
    });
    expect(status).toBe(configExitCode);
    expect(stderr).toContain('NATS_URL is missing');
  });

  it('has an example file that names every variable and sets none', () => {
    const lines = envExample().split('\n');
    for (const name of Object.keys(variables))
      expect(
        lines.some((line) => line.startsWith(`#${name}=`)),
        name,
      ).toBe(true);
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });
});
