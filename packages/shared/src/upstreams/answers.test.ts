import { array, assert, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, strictestOf } from './answers.ts';

const page = '<!DOCTYPE html><title>Just a moment...</title>';

describe('kind of an answer', () => {
  it.each([
    [200, '{"riderId":5}', 'data'],
    [200, page, 'web_page'],
    [302, page, 'web_page'],
    [401, 'Unauthorized', 'unauthorized'],
    [401, page, 'web_page'],
    [403, '{"error":"no"}', 'unauthorized'],
    [403, ` \n${page}`, 'web_page'],
    [403, 'error code: 1020', 'web_page'],
    [404, '{"error":"Not found"}', 'not_found'],
    [404, page, 'web_page'],
    [408, '', 'unavailable'],
    [429, page, 'rate_limited'],
    [500, page, 'unavailable'],
    [503, page, 'unavailable'],
    [400, '{}', 'rejected'],
    [301, '', 'rejected'],
  ])('%i %s is %s', (status, text, kind) => {
    expect(kindOf(status, text)).toBe(kind);
  });
});

describe('strictest of several policies', () => {
  it('is none of none, and the one of one', () => {
    expect(strictestOf([])).toBeUndefined();
    expect(strictestOf([{ limit: 3, windowMs: 500 }])).toEqual({ limit: 3, windowMs: 500 });
  });

  it('keeps each of them, however the calls are spread', () => {
    const policies = array(
      record({ limit: integer({ min: 1, max: 30 }), windowMs: integer({ min: 1, max: 400 }) }),
      { minLength: 1, maxLength: 4 },
    );
    assert(
      property(policies, array(integer({ min: 0, max: 40 }), { maxLength: 120 }), (all, gaps) => {
        const one = strictestOf(all);
        if (!one) throw new Error('no policy');
        // Calls as early as the single policy allows, after some idle time each.
        const calls: number[] = [];
        for (const gap of gaps) {
          const free = (calls.at(-one.limit) ?? Number.NEGATIVE_INFINITY) + one.windowMs;
          calls.push(Math.max(free, (calls.at(-1) ?? 0) + (gap > 30 ? gap : 0)));
        }
        for (const { limit, windowMs } of all)
          for (const from of calls)
            expect(calls.filter((at) => at >= from && at < from + windowMs).length).toBeLessThanOrEqual(
              limit,
            );
      }),
    );
  });
});
