import { type Source, sourceNames } from '../definition/index.ts';
import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UpstreamError, type UpstreamErrorCode } from '../zwiftracing/index.ts';
import {
  afterCall,
  mayCall,
  pauseBeforeProbe,
  type SourceAvailability,
  unknown as neverCalled,
} from './availability.ts';

const minute = 60_000;
const unknown = neverCalled(0);
const failure = (code: UpstreamErrorCode, status: number, rawStart = '{"error":"no"}') =>
  new UpstreamError(code, `Upstream answered ${status}`, { status, rawStart });
const wrongKey = failure('unauthorized', 401);
const notFound = failure('not_found', 404);
const page = failure('not_found', 404, '<!DOCTYPE html>');
const trouble = failure('unavailable', 503);
const after = (source: Source, before: SourceAvailability, ...errors: (UpstreamError | undefined)[]) =>
  errors.reduce(
    (availability, error, index) => afterCall(source, availability, error, [], index + 1),
    before,
  );
const times = (count: number, error: UpstreamError) => Array.from({ length: count }, () => error);

describe('a source', () => {
  it('is available once it has answered', () => {
    const answered = after('signups', unknown, undefined);
    expect(answered).toMatchObject({ state: 'available', since: 1 });
    expect(after('signups', answered, undefined, undefined)).toEqual(answered);
  });

  it.each(sourceNames)(
    '(%s) is not available when the key is not accepted, or a web page says 404',
    (source) => {
      expect(after(source, unknown, wrongKey)).toMatchObject({
        state: 'unavailable',
        since: 1,
        status: 401,
        message: 'Upstream answered 401',
        rawStart: '{"error":"no"}',
        advice: expect.stringContaining('ZWIFTRACING_API_KEY'),
      });
      expect(after(source, unknown, page)).toMatchObject({
        state: 'unavailable',
        advice: expect.stringContaining('ZWIFTRACING_BASE_URL'),
      });
    },
  );

  it.each([
    ['events', 1],
    ['clubs', 3],
    ['signups', 3],
    ['results', 10],
  ] as const)(
    '(%s) that does not know what is requested is not available after %i in a row',
    (source, count) => {
      expect(after(source, unknown, ...times(count - 1, notFound)).state).toBe('unknown');
      expect(after(source, unknown, ...times(count, notFound)).state).toBe('unavailable');
      const interrupted = [...times(count - 1, notFound), undefined, ...times(count - 1, notFound)];
      expect(after(source, unknown, ...interrupted).state).toBe('available');
    },
  );

  it('(riders) that knows no such rider has answered', () => {
    expect(after('riders', unknown, ...times(50, notFound))).toMatchObject({ state: 'available' });
  });

  it('is as it was when upstream is in trouble, or has had too much', () => {
    const gone = after('events', unknown, notFound);
    for (const error of [trouble, failure('rate_limited', 429), failure('unreadable', 200)])
      expect(after('events', gone, error)).toEqual(gone);
  });

  it('that is not available is probed after pauses that grow up to hours, until it answers', () => {
    let availability = after('events', unknown, notFound);
    const pauses: number[] = [];
    for (let probe = 0; probe < 8; probe += 1) {
      const at = availability.probeAt ?? 0;
      expect(mayCall(availability, at - 1)).toBe(false);
      expect(mayCall(availability, at)).toBe(true);
      availability = afterCall('events', availability, notFound, [], at);
      pauses.push(((availability.probeAt ?? 0) - at) / minute);
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 240, 240, 240]);
    expect(availability.since).toBe(1);
    const back = afterCall('events', availability, undefined, [], 9_000);
    expect(back).toMatchObject({ state: 'available', since: 9_000, probes: 0, probeAt: null, message: null });
    expect(mayCall(back, 9_000)).toBe(true);
  });

  it('of a host that answers 404 to everything says so', () => {
    const others = [unknown, after('clubs', unknown, page), after('events', unknown, notFound)];
    expect(afterCall('signups', unknown, page, others, 1).advice).toMatch(/Whatever was asked.*BASE_URL/);
    const worked = [...others, after('riders', unknown, undefined)];
    expect(afterCall('events', unknown, notFound, worked, 1).advice).toBe(
      'Is ZWIFTRACING_EVENTS_PATH right?',
    );
  });

  it('is probed seldom while it refuses, however many calls are due', () => {
    const asks = array(
      record({ after: integer({ min: 0, max: 30 * minute }), error: constantFrom(page, wrongKey) }),
    );
    assert(
      property(asks, (all) => {
        let now = 0;
        let calls = 0;
        let availability = unknown;
        for (const ask of all) {
          now += ask.after;
          if (!mayCall(availability, now)) continue;
          calls += 1;
          availability = afterCall('signups', availability, ask.error, [], now);
        }
        // The pauses double: so many calls take at least so long.
        expect(now).toBeGreaterThanOrEqual(calls > 1 ? pauseBeforeProbe(calls - 2) : 0);
      }),
    );
  });
});
