import { describe, expect, it } from 'vitest';
import { errorOf } from './errors.ts';

const now = Date.parse('2026-02-01T12:00:00Z');
const failureOf = (status: number, text: string, retryAfterMs?: number) =>
  errorOf(
    'ZwiftRacing',
    { status, text, rawStart: text },
    retryAfterMs === undefined ? {} : { retryAfterMs },
    now,
  );

describe('error of a failed answer', () => {
  it('is none while the body may hold data', () => {
    expect(failureOf(200, 'null')).toBeUndefined();
  });

  it('names the time before which no call is allowed', () => {
    expect(failureOf(503, '', 90_000)).toMatchObject({
      message: 'ZwiftRacing answered 503: server error, no call before 2026-02-01T12:01:30.000Z',
      retryAt: now + 90_000,
    });
  });

  it('names no time that cannot be meant', () => {
    expect(failureOf(503, '', 99_999_999_000)).toMatchObject({
      message: 'ZwiftRacing answered 503: server error',
      retryAt: undefined,
    });
  });

  it('does not blame the key or the data for a web page', () => {
    for (const status of [200, 401, 403, 404])
      expect(failureOf(status, '<html>Cannot GET</html>')).toMatchObject({
        code: 'web_page',
        message: `ZwiftRacing answered ${status}: a web page instead of data`,
      });
  });
});
