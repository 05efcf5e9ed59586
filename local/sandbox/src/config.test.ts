import { ConfigError } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  it('has a default for every variable', () => {
    const { clock, upstream, ...rest } = readConfig({ SANDBOX_AUDIT_FILE: '', SANDBOX_SEED: '' });
    expect([clock?.scale, upstream.name]).toEqual([1, 'zwiftracing']);
    expect(rest).toEqual({
      host: '127.0.0.1',
      port: 3010,
      keys: { 'sandbox-key': 'standard' },
      seed: 1,
      enforcement: 'first-hit',
      jitter: { minMs: 0, maxMs: 0 },
      dialect: { retryAfter: 'body', advertises: '' },
      headers: false,
      policies: {},
      latency: true,
      quirks: ['escaped-names'],
    });
  });

  it('is read from every variable', () => {
    const { clock, upstream, ...rest } = readConfig({
      SANDBOX_HOST: '::1',
      SANDBOX_PORT: '0',
      SANDBOX_API_KEYS: 'one:standard,two:with:colons:premium',
      SANDBOX_SEED: '7',
      SANDBOX_ENFORCEMENT: 'clock-aligned',
      SANDBOX_JITTER_MS: '0-200',
      SANDBOX_HEADERS: 'on',
      SANDBOX_RETRY_AFTER: 'date',
      SANDBOX_ADVERTISES: '3000;w=900',
      SANDBOX_POLICIES: '{"clubs":{"limit":1,"windowMs":600000}}',
      SANDBOX_LATENCY: 'off',
      SANDBOX_QUIRKS: 'unrated-races,nameless-riders',
      SANDBOX_AUDIT_FILE: 'audit.jsonl',
      PACELINE_CLOCK: 'scale=60,anchor=1764788400000',
    });
    expect([clock?.scale, upstream.name]).toEqual([60, 'zwiftracing']);
    expect(rest).toEqual({
      host: '::1',
      port: 0,
      keys: { one: 'standard', 'two:with:colons': 'premium' },
      seed: 7,
      enforcement: 'clock-aligned',
      jitter: { minMs: 0, maxMs: 200 },
      dialect: { retryAfter: 'date', advertises: '3000;w=900' },
      headers: true,
      policies: { clubs: { limit: 1, windowMs: 600_000 } },
      latency: false,
      quirks: ['unrated-races', 'nameless-riders'],
      auditFile: 'audit.jsonl',
    });
  });

  it('is rejected with all problems at once, each naming its variable and no key', () => {
    const problems = problemsOf({
      SANDBOX_PORT: '99999',
      SANDBOX_API_KEYS: 'secret:gold',
      SANDBOX_JITTER_MS: '9-3',
      SANDBOX_POLICIES: '{"clubs"',
      SANDBOX_HEADERS: 'yes',
      PACELINE_CLOCK: 'fast',
    });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'SANDBOX_PORT',
      'SANDBOX_API_KEYS',
      'SANDBOX_JITTER_MS',
      'SANDBOX_HEADERS',
      'SANDBOX_POLICIES',
      'PACELINE_CLOCK',
    ]);
    expect(problems.join()).not.toContain('secret');
  });
});
