import { PermitRefused } from '@paceline/shared/limiter';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { describe, expect, it } from 'vitest';
import { deadlineOf, importResult, failureOf, isNoticeable, NotInResponse, progressOf } from './command.ts';

const now = Date.parse('2026-02-01T12:00:00Z');

describe('a command', () => {
  it('waits for five minutes from its start in a process, or the minimum time in real ms', () => {
    expect(deadlineOf(now, 3_000)).toBe(now + 300_000);
    expect(deadlineOf(now, 1_800_000)).toBe(now + 1_800_000);
  });

  it.each([
    ['waiting_in_line', { state: 'waiting_in_line', position: 3, at: now, via: 'bulk' }],
    ['waiting_for_window', { state: 'waiting_for_window', until: now, via: 'bulk' }],
    ['paused_by_upstream', { state: 'paused_by_upstream', until: now, via: 'bulk' }],
  ] as const)('reports %s with position or time', (reason, progress) => {
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

describe('isNoticeable', () => {
  const inLine = { state: 'waiting_in_line', position: 2, at: now } as const;
  it.each([
    ['true for the first progress', undefined, inLine, true],
    ['false without a change', inLine, inLine, false],
    ['false when the estimate moved by less than a second', inLine, { ...inLine, at: now + 900 }, false],
    ['true when the estimate moved by a second', inLine, { ...inLine, at: now - 1_000 }, true],
    ['true for another position', inLine, { ...inLine, position: 1 }, true],
    ['true for another state', inLine, { state: 'waiting_for_window', until: now }, true],
    ['true for another fetch mode', { ...inLine, via: 'single' }, { ...inLine, via: 'bulk' }, true],
    ['true when it starts to run', inLine, { state: 'running' }, true],
    ['false while it runs', { state: 'running' }, { state: 'running' }, false],
  ] as const)('is %s', (_, last, next, expected) => {
    expect(isNoticeable(last, next)).toBe(expected);
  });
});

describe('failureOf', () => {
  it.each([
    [
      'an unknown rider',
      new UpstreamError('not_found', 'Upstream answered 404', {
        status: 404,
        rawStart: '{"error":"Not found"}',
      }),
      'ZwiftRacing has no rider 999',
    ],
    [
      'a web page',
      new UpstreamError('web_page', 'a web page instead of data', { status: 404, rawStart: ' <html>' }),
      'Rider 999 could not be fetched: a web page instead of data',
    ],
    [
      '503 with Retry-After',
      new UpstreamError('unavailable', 'server error', { status: 503, retryAt: now + 900_000 }),
      "Rider 999 can't be fetched before 2026-02-01T12:15:00.000Z",
    ],
    [
      'a refused permit',
      new PermitRefused('riders_single', now + 600_000),
      "Rider 999 can't be fetched before 2026-02-01T12:10:00.000Z",
    ],
    [
      'a permit refused after a silence of the limiter',
      new PermitRefused('riders_single', now + 1, 'deadline_unreachable', now - 600_000),
      'Rider 999 could not be fetched in time: no limiter answered since 2026-02-01T11:50:00.000Z. Add it again',
    ],
    [
      'a permit refused with a time that has passed',
      new PermitRefused('riders_single', now - 1),
      'Rider 999 could not be fetched in time. Add it again',
    ],
    [
      'a permit refused because of a pause',
      new PermitRefused('riders_single', now + 600_000, 'paused_by_operator'),
      "Rider 999 can't be fetched before 2026-02-01T12:10:00.000Z: calls are paused by an operator",
    ],
    [
      '429 with Retry-After',
      new UpstreamError('rate_limited', 'too many', { status: 429, retryAt: now + 900_000 }),
      "Rider 999 can't be fetched before 2026-02-01T12:15:00.000Z",
    ],
    [
      '429 without Retry-After',
      new UpstreamError('rate_limited', 'Upstream answered 429', { status: 429 }),
      'Rider 999 could not be fetched: Upstream answered 429',
    ],
    [
      'a rider missing in a bulk response',
      new NotInResponse('ZwiftRacing has no rider 999'),
      'ZwiftRacing has no rider 999',
    ],
    ['any other error', new Error('disk full'), 'Rider 999 could not be added: disk full'],
  ])('gives the reason for %s', (_, error, reason) => {
    expect(failureOf(error, 999, now)).toEqual({ state: 'failed', reason });
  });
});

it.each([
  ['is done when all riders are', { done: 3, failed: 0 }, { state: 'done' }],
  ['is done when some riders are', { done: 1, failed: 2 }, { state: 'done' }],
  [
    'fails when none is',
    { done: 0, failed: 2 },
    { state: 'failed', reason: 'None of 2 riders could be fetched' },
  ],
  [
    'fails when its only rider has failed',
    { done: 0, failed: 1 },
    { state: 'failed', reason: 'The rider could not be fetched' },
  ],
])('an import %s', (_, counts, end) => {
  expect(importResult({ waiting: 0, ...counts })).toEqual(end);
});
