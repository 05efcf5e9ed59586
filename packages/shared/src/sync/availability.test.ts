import { type SourceName, sourceNames } from '../definition/index.ts';
import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UpstreamError, type UpstreamErrorCode } from '../zwiftracing/index.ts';
import {
  afterCall,
  canCall,
  pauseBeforeProbe,
  type SourceAvailability,
  unknownAvailability as neverCalled,
} from './availability.ts';

const minute = 60_000;
const unknown = neverCalled(0);
const failure = (code: UpstreamErrorCode, status: number, rawStart = '{"error":"no"}') =>
  new UpstreamError(code, `Upstream answered ${status}`, { status, rawStart });
const wrongKey = failure('unauthorized', 401);
const notFound = failure('not_found', 404);
const page = failure('web_page', 404, '<!DOCTYPE html>');
const challenge = failure('web_page', 403, '<title>Just a moment...</title>');
const serverError = failure('unavailable', 503);
const after = (source: SourceName, before: SourceAvailability, ...errors: (UpstreamError | undefined)[]) =>
  errors.reduce(
    (availability, error, index) => afterCall(source, availability, error, [], index + 1),
    before,
  );
const times = (count: number, error: UpstreamError) => Array.from({ length: count }, () => error);

describe('source availability', () => {
  it('is available after an answer', () => {
    const answered = after('signups', unknown, undefined);
    expect(answered).toMatchObject({ state: 'available', since: 1 });
    expect(after('signups', answered, undefined, undefined)).toEqual(answered);
  });

  it.each(sourceNames)('of %s is unavailable after a rejected key', (source) => {
    expect(after(source, unknown, wrongKey)).toMatchObject({
      state: 'unavailable',
      since: 1,
      status: 401,
      message: 'Upstream answered 401',
      rawStart: '{"error":"no"}',
      advice: expect.stringContaining('ZWIFTRACING_API_KEY'),
    });
  });

  it.each(sourceNames)('of %s does not depend on a web page, only on six in a row', (source) => {
    for (const each of [page, challenge]) {
      const few = after(source, after(source, unknown, undefined), ...times(5, each));
      expect(few.state).toBe('available');
      const many = after(source, few, each);
      expect(many).toMatchObject({
        state: 'unavailable',
        advice: expect.stringMatching(/maintenance.*ZWIFTRACING_BASE_URL/),
      });
      expect(many.advice).not.toContain('KEY');
      // It is probed every 5 minutes, however long that lasts.
      const later = after(source, many, ...times(20, each));
      expect(later.probeAt).toBe(20 + 5 * minute);
      expect(after(source, later, undefined).state).toBe('available');
    }
  });

  it('that was unavailable for another reason keeps that reason after a web page', () => {
    const refused = after('events', unknown, wrongKey);
    expect(after('events', refused, page)).toMatchObject({ status: 401, advice: refused.advice });
  });

  it.each([
    ['events', 1],
    ['clubs', 3],
    ['signups', 3],
    ['results', 10],
  ] as const)('of %s is unavailable after %i 404s in a row', (source, count) => {
    expect(after(source, unknown, ...times(count - 1, notFound)).state).toBe('unknown');
    expect(after(source, unknown, ...times(count, notFound)).state).toBe('unavailable');
    const interrupted = [...times(count - 1, notFound), undefined, ...times(count - 1, notFound)];
    expect(after(source, unknown, ...interrupted).state).toBe('available');
  });

  it('of riders stays available after a 404', () => {
    expect(after('riders', unknown, ...times(50, notFound))).toMatchObject({ state: 'available' });
  });

  it('does not change after a server error, a 429 or an unreadable answer', () => {
    const unavailable = after('events', unknown, notFound);
    for (const error of [
      serverError,
      failure('rate_limited', 429),
      failure('unreadable', 200),
      failure('unexpected', 200),
    ])
      expect(after('events', unavailable, error)).toEqual(unavailable);
  });

  it('allows probes after increasing pauses, at most 4 h, until the source answers', () => {
    let availability = after('events', unknown, notFound);
    const pauses: number[] = [];
    for (let probe = 0; probe < 8; probe += 1) {
      const at = availability.probeAt ?? 0;
      expect(canCall(availability, at - 1)).toBe(false);
      expect(canCall(availability, at)).toBe(true);
      availability = afterCall('events', availability, notFound, [], at);
      pauses.push(((availability.probeAt ?? 0) - at) / minute);
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 240, 240, 240]);
    expect(availability.since).toBe(1);
    const back = afterCall('events', availability, undefined, [], 9_000);
    expect(back).toMatchObject({ state: 'available', since: 9_000, probes: 0, probeAt: null, message: null });
    expect(canCall(back, 9_000)).toBe(true);
  });

  it('advises checking the base URL when every source answers 404', () => {
    const others = [unknown, after('clubs', unknown, ...times(6, page)), after('events', unknown, notFound)];
    const almost = after('signups', unknown, ...times(5, page));
    expect(afterCall('signups', almost, page, others, 1).advice).toMatch(/404 to every request.*BASE_URL/);
    const worked = [...others, after('riders', unknown, undefined)];
    expect(afterCall('events', unknown, notFound, worked, 1).advice).toBe('Check ZWIFTRACING_EVENTS_PATH.');
  });

  it.each([
    ['clubs', 'ZWIFTRACING_CLUB_IDS'],
    ['events', 'ZWIFTRACING_EVENTS_PATH'],
    ['signups', 'ZWIFTRACING_SIGNUPS_PATH'],
    ['results', 'ZWIFTRACING_BASE_URL'],
  ] as const)('of %s advises checking %s when the other sources are available', (source, setting) => {
    const others = [after('riders', unknown, undefined)];
    for (const error of [notFound, page]) {
      const almost = { ...unknown, refusals: 9 };
      expect(afterCall(source, almost, error, others, 1).advice).toMatch(
        new RegExp(`check ${setting}\\.$`, 'i'),
      );
    }
    expect(after(source, unknown, ...times(10, page)).advice).toContain('ZWIFTRACING_BASE_URL');
  });

  it('limits probes of an unavailable source, however many calls are due', () => {
    const requests = array(
      record({ after: integer({ min: 0, max: 30 * minute }), error: constantFrom(notFound, wrongKey) }),
    );
    assert(
      property(requests, (all) => {
        let now = 0;
        let calls = 0;
        let availability = unknown;
        for (const each of all) {
          now += each.after;
          if (!canCall(availability, now)) continue;
          calls += 1;
          availability = afterCall('events', availability, each.error, [], now);
        }
        // The pauses double, so this number of calls takes at least this long.
        expect(now).toBeGreaterThanOrEqual(calls > 1 ? pauseBeforeProbe(calls - 2) : 0);
      }),
    );
  });
});
