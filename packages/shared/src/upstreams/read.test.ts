import { describe, expect, it } from 'vitest';
import { parseUpstream } from './read.ts';

const valid = `label: Demo
baseUrl: https://demo.example/api/
auth: { bearer: DEMO_TOKEN }
budgets:
  minute: { label: Minute, limit: 10 per 1m }
  day: { label: Day, limit: { standard: 100 per 24h, premium: 200 per 24h }, resets: aligned, paced: true, reserve: 5 }
endpoints:
  read: { calls: ['GET /things', 'GET /things/:id'], budgets: [minute, day] }
  minute: { calls: [POST /things], timeout: 1m }
`;

const problems = (from: string | RegExp, to: string | ((written: string) => string)): readonly string[] => {
  const text = valid.replace(from, to as string);
  expect(text).not.toBe(valid);
  const reading = parseUpstream('demo', text);
  return 'problems' in reading ? reading.problems : [];
};

describe('an upstream file', () => {
  it('is prepared with its defaults', () => {
    const reading = parseUpstream('demo', valid);
    expect(reading).toMatchObject({
      upstream: {
        name: 'demo',
        baseUrl: 'https://demo.example/api',
        auth: { in: 'header', name: 'Authorization', prefix: 'Bearer ', secret: 'DEMO_TOKEN' },
        budgets: {
          minute: {
            limits: {
              standard: { limit: 10, windowMs: 60_000 },
              premium: { limit: 10, windowMs: 60_000 },
            },
            resets: 'sliding',
            paced: false,
            reserve: 0,
            rejectedCount: true,
          },
          day: { limits: { premium: { limit: 200, windowMs: 86_400_000 } }, resets: 'aligned', paced: true },
        },
        endpoints: {
          read: {
            label: 'read',
            fetches: 'read',
            source: 'read',
            batch: 1,
            timeoutMs: 30_000,
            typicalMs: 1_000,
          },
          minute: { label: 'Minute', budgets: ['minute'], timeoutMs: 60_000 },
        },
        lanes: { rider_sync: { forced: false } },
      },
    });
  });

  it.each([
    [
      { header: 'X-Key', secret: 'DEMO_KEY' },
      { in: 'header', name: 'X-Key', prefix: '', secret: 'DEMO_KEY' },
    ],
    [
      { query: 'key', secret: 'DEMO_KEY' },
      { in: 'query', name: 'key', prefix: '', secret: 'DEMO_KEY' },
    ],
  ])('can send its key as %j', (written, auth) => {
    const reading = parseUpstream('demo', valid.replace(/auth: .*/, `auth: ${JSON.stringify(written)}`));
    expect(reading).toMatchObject({ upstream: { auth } });
  });

  it.each([
    [
      'a limit that cannot be read',
      '10 per 1m',
      '10/min',
      'demo.yaml, line 5: budgets.minute.limit.standard must be a limit such as 100 per 15m',
    ],
    ['a limit of nothing', '10 per 1m', '0 per 1m', 'line 5: budgets.minute.limit.standard must be a limit'],
    [
      'a reserve of all calls',
      'reserve: 5',
      'reserve: 100',
      'line 6: budgets.day.reserve must be less than the limit of 100',
    ],
    ['a reserve below zero', 'reserve: 5', 'reserve: -1', 'line 6: budgets.day.reserve must be at least 0'],
    ['pacing without a boundary', 'aligned', 'sliding', 'line 6: budgets.day.paced needs resets: aligned'],
    [
      'an unknown way of resetting',
      'aligned',
      'monthly',
      'line 6: budgets.day.resets must be sliding, aligned',
    ],
    [
      'an unknown budget',
      '[minute, day]',
      '[minute, day, dya]',
      'line 8: endpoints.read.budgets names "dya", which is not under budgets: minute, day',
    ],
    [
      'a budget that no endpoint uses',
      '[minute, day]',
      '[minute]',
      'line 6: budgets.day is in the budgets of no endpoint',
    ],
    [
      'a budget used twice',
      '[minute, day]',
      '[minute, day, day]',
      'line 8: endpoints.read.budgets names a budget twice',
    ],
    [
      'a call of two endpoints',
      'POST /things',
      'GET /things/:other',
      'line 9: endpoints.minute.calls.0 is a call of read already',
    ],
    [
      'a call without a method',
      'POST /things',
      '/things',
      'line 9: endpoints.minute.calls.0 must be a method and a path such as GET /clubs/:id',
    ],
    [
      'a call on another host',
      'POST /things',
      'POST //evil.example/x',
      'line 9: endpoints.minute.calls.0 must be a method and a path',
    ],
    [
      'a call above the base URL',
      'POST /things',
      'POST /../admin',
      'line 9: endpoints.minute.calls.0 must be a method and a path',
    ],
    [
      'a timeout below the typical duration',
      'timeout: 1m',
      'timeout: 500ms',
      'line 9: endpoints.minute.timeout must be longer than the typical duration',
    ],
    [
      'a timeout that is no duration',
      'timeout: 1m',
      'timeout: soon',
      'line 9: endpoints.minute.timeout must be a duration such as 30s',
    ],
    ['an unknown field', 'paced:', 'pased:', 'line 6: budgets.day has an unknown field: pased'],
    ['a missing field', /label: Demo\n/, '', 'demo.yaml: label is missing'],
    [
      'a name in capitals',
      '  minute: { label',
      '  Minute: { label',
      'line 5: budgets.Minute must be lower-case letters, digits and _',
    ],
    ['the key itself', 'DEMO_TOKEN', 'abc123', 'line 3: auth must be { bearer: VARIABLE }'],
    [
      'an address without TLS',
      'https://demo',
      'http://demo',
      'line 2: baseUrl must be https unless it is on loopback or under .test',
    ],
    [
      'lanes of one name',
      'endpoints:',
      'lanes: { person: { label: person, forced: yes } }\nendpoints:',
      'line 7: lanes.person.forced must be true or false',
    ],
    ['no lanes', 'endpoints:', 'lanes: {}\nendpoints:', 'line 7: lanes must not be empty'],
    [
      'counters of an unknown budget',
      'endpoints:',
      'answers: { counters: [{ budgets: [hour], used: X-Used }] }\nendpoints:',
      'line 7: answers.counters.0.budgets names "hour", which is not under budgets',
    ],
  ])('is rejected for %s', (_, from, to, expected) => {
    expect(problems(from, to)).toEqual([expect.stringContaining(expected)]);
  });

  it('is rejected with all problems at once', () => {
    expect(problems(/10 per 1m|reserve: 5|POST/g, 'nonsense')).toEqual([
      'demo.yaml, line 5: budgets.minute.limit.standard must be a limit such as 100 per 15m',
      'demo.yaml, line 6: budgets.day has an unknown field: nonsense',
      'demo.yaml, line 9: endpoints.minute.calls.0 must be a method and a path such as GET /clubs/:id',
    ]);
  });

  it('is rejected with what fields say together and what is wrong with others, in the order of the file', () => {
    const found = problems(
      /10 per 1m|resets: aligned|\[minute, day\]|timeout: 1m/g,
      (written) =>
        ({
          '10 per 1m': '10/min',
          'resets: aligned': 'resets: sliding',
          '[minute, day]': '[minute, dya]',
          'timeout: 1m': 'timeout: 1m, typical: 2m, label: 7',
        })[written] ?? written,
    );
    expect(found).toEqual([
      'demo.yaml, line 5: budgets.minute.limit.standard must be a limit such as 100 per 15m',
      'demo.yaml, line 6: budgets.day is in the budgets of no endpoint',
      'demo.yaml, line 6: budgets.day.paced needs resets: aligned',
      'demo.yaml, line 8: endpoints.read.budgets names "dya", which is not under budgets: minute, day',
      'demo.yaml, line 9: endpoints.minute.timeout must be longer than the typical duration',
      'demo.yaml, line 9: endpoints.minute.label must be text',
    ]);
  });

  it.each([
    [
      'an endpoint whose budgets cannot be read',
      '[minute, day]',
      '7',
      'line 8: endpoints.read.budgets must be a list',
    ],
    [
      'an endpoint with a misspelt field',
      'budgets: [minute',
      'budgest: [minute',
      'line 8: endpoints.read has an unknown field: budgest',
    ],
    ['no budgets', /budgets:\n.*\n.*\n/, '', 'demo.yaml: budgets is missing'],
  ])('says nothing of what may be right: %s', (_, from, to, expected) => {
    expect(problems(from, to)).toEqual([expect.stringContaining(expected)]);
  });

  it('is rejected when it is empty', () => {
    expect(parseUpstream('demo', '')).toEqual({ problems: ['demo.yaml: must be a group of fields'] });
  });

  it('is rejected when it is not YAML, with the line', () => {
    expect(problems('budgets:', 'budgets: [')[0]).toMatch(/^demo\.yaml, line \d+: /);
  });
});
