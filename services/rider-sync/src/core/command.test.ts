import { PermitRefused } from '@paceline/shared/limiter';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { describe, expect, it } from 'vitest';
import { deadlineOf, endOfImport, failureOf, isNoticeable, NotInAnswer, progressOf } from './command.ts';

const now = Date.parse('2026-02-01T12:00:00Z');

describe('a command', () => {
  it('waits for five minutes from when its process begins with it, or as long as the machine needs at least', () => {
    expect(deadlineOf(now, 3_000)).toBe(now + 300_000);
    expect(deadlineOf(now, 1_800_000)).toBe(now + 1_800_000);
  });

  it.each([
    ['waiting_in_line', { state: 'waiting_in_line', position: 3, at: now, via: 'bulk' }],
    ['waiting_for_window', { state: 'waiting_for_window', until: now, via: 'bulk' }],
    ['paused_by_upstream', { state: 'paused_by_upstream', until: now, via: 'bulk' }],
  ] as const)('that is %s says so', (reason, progress) => {
    const waiting = {
      answer: 'waiting',
      position: 3,
      ahead: 2,
      reason,
      estimatedAt: now,
      retryIn: 1,
    } as const;
    expect(progressOf(waiting, 'bulk')).toEqual(progress);
  });
});

describe('what is reported of a wait', () => {
  const inLine = { state: 'waiting_in_line', position: 2, at: now } as const;
  it.each([
    ['the first word', undefined, inLine, true],
    ['the same again', inLine, inLine, false],
    ['an estimate that moved by a blink', inLine, { ...inLine, at: now + 900 }, false],
    ['an estimate that moved', inLine, { ...inLine, at: now - 1_000 }, true],
    ['another position', inLine, { ...inLine, position: 1 }, true],
    ['another state', inLine, { state: 'waiting_for_window', until: now }, true],
    ['another way', { ...inLine, via: 'single' }, { ...inLine, via: 'bulk' }, true],
    ['that it runs', inLine, { state: 'running' }, true],
    ['that it still runs', { state: 'running' }, { state: 'running' }, false],
  ] as const)('%s', (_, last, next, told) => {
    expect(isNoticeable(last, next)).toBe(told);
  });
});

describe('a rider who could not be added', () => {
  it.each([
    [
      'because upstream knows no rider of this id',
      new UpstreamError('not_found', 'Upstream answered 404', {
        status: 404,
        rawStart: '{"error":"Not found"}',
      }),
      'ZwiftRacing knows no rider 999',
    ],
    [
      'because the address serves nothing',
      new UpstreamError('not_found', 'nothing is served here', { status: 404, rawStart: ' <html>' }),
      'Rider 999 could not be fetched: nothing is served here',
    ],
    [
      'because no call is free in time',
      new PermitRefused('riders_single', now + 600_000),
      "Rider 999 can't be fetched before 2026-02-01T12:10:00.000Z",
    ],
    [
      'because upstream wants to be left alone',
      new UpstreamError('rate_limited', 'too many', { status: 429, retryAfterMs: 900_000 }),
      "Rider 999 can't be fetched before 2026-02-01T12:15:00.000Z",
    ],
    [
      'because upstream does not say for how long',
      new UpstreamError('rate_limited', 'Upstream answered 429', { status: 429 }),
      'Rider 999 could not be fetched: Upstream answered 429',
    ],
    [
      'because a bulk answer said so',
      new NotInAnswer('ZwiftRacing knows no rider 999'),
      'ZwiftRacing knows no rider 999',
    ],
    ['for any other reason', new Error('disk full'), 'Rider 999 could not be added: disk full'],
  ])('%s is told why', (_, error, reason) => {
    expect(failureOf(error, 999, now)).toEqual({ state: 'failed', reason });
  });
});

it.each([
  ['is done when all riders are', { done: 3, failed: 0 }, { state: 'done' }],
  ['is done when some riders are', { done: 1, failed: 2 }, { state: 'done' }],
  [
    'has failed when none is',
    { done: 0, failed: 2 },
    { state: 'failed', reason: 'None of the 2 riders could be fetched' },
  ],
  [
    'has failed when its only one has',
    { done: 0, failed: 1 },
    { state: 'failed', reason: 'The one rider could not be fetched' },
  ],
])('an import %s', (_, counts, end) => {
  expect(endOfImport({ waiting: 0, ...counts })).toEqual(end);
});
