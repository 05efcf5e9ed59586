import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { maxWindowMs } from '../contracts/index.ts';
import { tooManyRequests } from '../zwiftracing/testing/fixtures.ts';
import { longestWait } from './answers.ts';
import { readLimits } from './limits.ts';
import { loadUpstreams } from './load.ts';

const { dialect } = loadUpstreams({}).zwiftracing;

const now = Date.parse('2026-02-01T12:00:00Z');
const epoch = now / 1_000;
const minute = 60_000;
const date = (seconds: number) => new Date(now + seconds * 1_000).toUTCString();
const read = (body: unknown, headers: Record<string, string> = {}, status = 429) =>
  readLimits(
    dialect,
    status,
    new Headers(headers),
    typeof body === 'string' ? body : JSON.stringify(body),
    now,
  );

describe('429 response', () => {
  it('has the wait and the enforced policy in its body', () => {
    expect(read(tooManyRequests)).toEqual({
      retryAfterMs: 597_000,
      learned: { limit: 1, windowMs: 600_000 },
    });
  });

  it('keeps the policy of its body apart from advertised ones, and the longest wait', () => {
    const headers = { 'Retry-After': '5', 'RateLimit-Policy': '"x";q=9;w=9' };
    expect(read({ ...tooManyRequests, retryAfter: 12 }, headers)).toEqual({
      retryAfterMs: 12_000,
      learned: { limit: 1, windowMs: 600_000 },
      advertised: { limit: 9, windowMs: 9_000 },
    });
    expect(read({ retryAfter: 0 }, { 'Retry-After': '52' })).toEqual({ retryAfterMs: 52_000 });
  });

  it.each([
    ['a number of seconds', { 'Retry-After': '52' }, 52_000],
    ['seconds with a unit', { 'Retry-After': '60s' }, 60_000],
    ['minutes with a unit', { 'Retry-After': '2 minutes' }, 120_000],
    ['the header twice', { 'Retry-After': '60, 60' }, 60_000],
    ['two different headers', { 'Retry-After': '5, 60' }, 60_000],
    ['minutes and seconds', { 'Retry-After': '1m30s' }, 90_000],
    ['minutes and seconds in words', { 'Retry-After': '1 minute 30 seconds' }, 90_000],
    ['an ISO duration', { 'Retry-After': 'PT2M' }, 120_000],
    ['an ISO duration of several units', { 'Retry-After': 'PT1M30.5S' }, 90_500],
    ['an ISO duration with days', { 'Retry-After': 'P0DT0H50S' }, 50_000],
    ['seconds in quotes', { 'Retry-After': '"120"' }, 120_000],
    ['seconds with a parameter', { 'Retry-After': '120;comment="max 300"' }, 120_000],
    ['another name', { 'X-Retry-After': '61' }, 61_000],
    ['milliseconds', { 'Retry-After-Ms': '1500' }, 1_500],
    ['milliseconds with a unit', { 'Retry-After': '1500ms' }, 1_500],
    ['a date', { 'Retry-After': 'Sun, 01 Feb 2026 12:01:30 GMT' }, 90_000],
    ['an ISO date', { 'Retry-After': '2026-02-01T12:01:30Z' }, 90_000],
    ['a date twice', { 'Retry-After': `${date(90)}, ${date(90)}` }, 90_000],
    ['two different dates', { 'Retry-After': `${date(90)}, ${date(100)}` }, 100_000],
    ['seconds and a later date', { 'Retry-After': `60, ${date(90)}` }, 90_000],
    ['a date and more seconds', { 'Retry-After': `${date(90)}, 600` }, 600_000],
    ['an ISO date twice', { 'Retry-After': '2026-02-01T12:01:30Z, 2026-02-01T12:01:31Z' }, 91_000],
    ['a date of the oldest form', { 'Retry-After': 'Sunday, 01-Feb-26 12:01:30 GMT' }, 90_000],
    ['a date with a comma', { 'Retry-After': 'Feb 1, 2026 12:01:30 GMT, 5' }, 90_000],
    ['a date that has passed', { 'Retry-After': 'Sun, 01 Feb 2026 11:00:00 GMT' }, 0],
    ['a Unix time', { 'Retry-After': String(epoch + 55) }, 55_000],
    ['a Unix time in ms', { 'Retry-After': String(now + 55_500) }, 55_500],
    ['a Unix time in ms where ms are expected', { 'Retry-After-Ms': String(now + 55_500) }, 55_500],
    ['a RateLimit item', { RateLimit: '"default";r=0;t=41' }, 41_000],
    ['the used up one of several RateLimit items', { RateLimit: '"a";r=9;t=900, "b";r=0;t=41' }, 41_000],
    ['a RateLimit of the earlier draft', { RateLimit: 'limit=1, remaining=0, reset=42' }, 42_000],
    ['a RateLimit-Reset', { 'RateLimit-Reset': '43' }, 43_000],
    ['a RateLimit-Reset with a Unix time', { 'RateLimit-Reset': String(epoch + 43) }, 43_000],
    ['an X-RateLimit-Reset', { 'X-RateLimit-Reset': String(epoch + 44) }, 44_000],
    ['an X-RateLimit-Reset-After', { 'X-RateLimit-Reset-After': '44.5' }, 44_500],
    ['an X-RateLimit-Reset-Ms', { 'X-RateLimit-Reset-Ms': '45500' }, 45_500],
    ['an X-RateLimit-Reset-Ms with a Unix time', { 'X-RateLimit-Reset-Ms': String(now + 46_000) }, 46_000],
    ['the latest of several resets', { 'X-RateLimit-Reset': '47', 'X-RateLimit-Reset-After': '46' }, 47_000],
  ])('without a readable body is parsed from %s', (_, headers, retryAfterMs) => {
    expect(read('<html>', headers)).toEqual({ retryAfterMs });
  });

  it.each([
    ['retry_after', { retry_after: 1.5 }, 1_500],
    ['retryAfterMs', { retryAfterMs: 700 }, 700],
    ['retryAfter with a Unix time', { retryAfter: epoch + 9 }, 9_000],
    ['retryAfter with a date', { retryAfter: '2026-02-01T12:00:07.000Z' }, 7_000],
    ['retryAfter as text', { retryAfter: '3.5' }, 3_500],
    ['retryAfter as a duration', { retryAfter: '1m30s' }, 90_000],
    ['retryAfterSeconds', { retryAfterSeconds: 8 }, 8_000],
    ['retry_after_seconds', { retry_after_seconds: '8' }, 8_000],
    ['retry_after_ms', { retry_after_ms: 800 }, 800],
    ['an error with retry_after', { error: { retry_after: 9 } }, 9_000],
    ['a list of errors', [{ retryAfterMs: 5 }, { retryAfterMs: 900 }], 900],
    ['a wait in it and a later one in its error', { retryAfter: 5, error: { retryAfterMs: 9_500 } }, 9_500],
  ])('is parsed from a body with %s', (_, body, retryAfterMs) => {
    expect(read(body)).toEqual({ retryAfterMs });
  });

  it('has the policy of its body also inside an error', () => {
    expect(read({ error: tooManyRequests })).toEqual(read(tooManyRequests));
  });

  it.each(['Sun Feb  1 12:01:30 2026', '2026-02-01T12:01:30'])(
    'with %s, a date without a zone, means GMT in any time zone',
    (text) => {
      vi.stubEnv('TZ', 'America/New_York');
      expect(read('', { 'Retry-After': text })).toEqual({ retryAfterMs: 90_000 });
      vi.unstubAllEnvs();
    },
  );

  it('counts a wait from the Date of the answer, so that a wrong clock here makes no call early', () => {
    const headers = { Date: 'Sun, 01 Feb 2026 11:50:00 GMT', 'Retry-After': 'Sun, 01 Feb 2026 11:51:00 GMT' };
    expect(read('', headers)).toEqual({ retryAfterMs: 60_000 });
  });

  it('does not take the reset of the window for a wait where another one is named', () => {
    expect(read({ retryAfter: 30 }, { 'RateLimit-Reset': '900' })).toEqual({ retryAfterMs: 30_000 });
  });

  it.each([
    ['by name', '"default";q=5;w=60', 5, minute],
    ['in the first draft', '5;w=60', 5, minute],
    ['as several', '"100-in-15min";q=100;w=900, "1-in-1hr";q=1;w=3600', 1, 60 * minute],
    ['as several without names', '10;w=1, 50;w=60, 1000;w=3600', 10, 36_000],
    ['beside an invalid one', '5;q=0, 10;w=0, 7;w=60', 7, minute],
    ['beside a limit of bytes', '"b";q=9;w=60;qu="content-bytes", "r";q=5;w=60', 5, minute],
  ])('has the policy of a header written %s', (_, policy, limit, windowMs) => {
    expect(read('', { 'RateLimit-Policy': policy }).advertised).toEqual({ limit, windowMs });
  });

  it('names a wait that can be meant, if there is one', () => {
    expect(read({ retryAfter: '7200' }, { 'Retry-After-Ms': '2000000000' })).toEqual({
      retryAfterMs: 7_200_000,
    });
    expect(read({ retryAfter: 1e306 })).toEqual({ retryAfterMs: maxWindowMs });
    expect(read({ retryAfter: 1e306 }, { 'Retry-After': '60' })).toEqual({ retryAfterMs: 60_000 });
  });

  it.each([
    ['nothing at all', ''],
    ['null', 'null'],
    ['negative and empty values', { retryAfter: -1, limit: 0, windowMinutes: '' }],
    ['an impossible limit', { limit: 1, windowMinutes: 200_000_000_000 }],
    ['a window of more than a day', { limit: 1, windowMinutes: 3_600 }],
    ['an amount without a unit that is known', { retryAfter: '5 sheep', retry_after_ms: '1m x' }],
    ['a wait too deep inside', { error: { details: { retryAfter: 5 } } }],
    ['words', { retryAfter: 'in 5', limit: 'few', windowMinutes: {} }],
  ])('with %s is ignored', (_, body) => {
    expect(read(body, { 'Retry-After': 'whenever', RateLimit: '((', 'RateLimit-Policy': '5;q=0' })).toEqual(
      {},
    );
  });

  it('accepts numbers written as text', () => {
    expect(read({ retryAfter: '3.5', limit: '10', windowMinutes: '60' })).toEqual({
      retryAfterMs: 3_500,
      learned: { limit: 10, windowMs: 3_600_000 },
    });
  });
});

describe('any other response', () => {
  it.each([503, 500, 502, 408, 403, 404, 302])('with %i has the wait that it names', (status) => {
    expect(read('', { 'Retry-After': '120' }, status)).toEqual({ retryAfterMs: 120_000 });
    expect(read({ retry_after: 120 }, {}, status)).toEqual({ retryAfterMs: 120_000 });
  });

  it('names no wait by the reset of its window', () => {
    expect(read('', { 'RateLimit-Reset': '60' }, 503)).toEqual({});
  });

  it('that is a web page with 200 has the wait that it names', () => {
    expect(read('<!DOCTYPE html>', { 'Retry-After': '120' }, 200)).toEqual({ retryAfterMs: 120_000 });
  });

  it('with data has only the advertised policy', () => {
    const headers = { 'Retry-After': '120', 'RateLimit-Policy': '5;w=60' };
    expect(read({ retryAfter: 5, limit: 1, windowMinutes: 1 }, headers, 200)).toEqual({
      advertised: { limit: 5, windowMs: minute },
    });
  });
});

/** Every form in which one wait of whole seconds is named. */
const forms: ReadonlyArray<(seconds: number) => readonly [body: object, headers: Record<string, string>]> = [
  (seconds) => [{ retryAfter: String(seconds) }, {}],
  (seconds) => [{ retry_after: seconds }, {}],
  (seconds) => [{ retryAfterMs: seconds * 1_000 }, {}],
  (seconds) => [{}, { 'Retry-After': String(seconds) }],
  (seconds) => [{}, { 'Retry-After': `${seconds}s` }],
  (seconds) => [{ retryAfterSeconds: seconds }, {}],
  (seconds) => [{}, { 'Retry-After': `PT${seconds}S` }],
  (seconds) => [{}, { 'Retry-After': `${seconds}, ${seconds}` }],
  (seconds) => [{}, { 'Retry-After': `${date(seconds)}, ${date(seconds)}` }],
  (seconds) => [{}, { 'X-Retry-After': `"${seconds}"` }],
  (seconds) => [{}, { 'Retry-After': date(seconds) }],
  (seconds) => [{}, { 'Retry-After': String(epoch + seconds) }],
  (seconds) => [{}, { 'Retry-After': String(now + seconds * 1_000) }],
  (seconds) => [{}, { 'Retry-After-Ms': String(seconds * 1_000) }],
];

it('reads any mix of forms as the longest wait that can be meant', () => {
  const named = record({
    seconds: integer({ min: 0, max: 40_000_000 }),
    form: constantFrom(...forms),
  });
  assert(
    property(array(named, { minLength: 1, maxLength: 3 }), constantFrom(429, 503), (all, status) => {
      const said = all.map(({ form, seconds }) => form(seconds));
      const body = Object.assign({}, ...said.map(([fields]) => fields)) as object;
      const headers = Object.assign({}, ...said.map(([, fields]) => fields)) as Record<string, string>;
      const { retryAfterMs = 0 } = read(body, headers, status);
      // Of the same field the last one was kept.
      const kept = all.filter(({ form, seconds }) => {
        const [fields, sent] = form(seconds);
        const isIn = (part: object, whole: object) =>
          Object.entries(part).every(([name, value]) => whole[name as keyof object] === value);
        return isIn(fields, body) && isIn(sent, headers);
      });
      const waits = kept.map(({ seconds }) => seconds * 1_000);
      const plausible = waits.filter((wait) => wait <= longestWait());
      const expected = plausible.length > 0 ? Math.max(...plausible) : Math.min(...waits);
      expect(retryAfterMs).toBe(Math.min(expected, maxWindowMs));
    }),
  );
});
