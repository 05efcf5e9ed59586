import { array, assert, constant, integer, oneof, property, record, subarray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DoubtKind, doubtText, isCollapse, verdictOn } from './doubt.ts';

const hour = 3_600_000;

describe('isCollapse', () => {
  it.each([
    [750, 3, 3, true],
    [120, 0, 0, true],
    [120, 0, 200, true],
    [120, 59, 59, true],
    [120, 60, 60, false],
    [4, 0, 0, true],
    [4, 1, 1, true],
    [4, 1, 9, true],
    [4, 2, 2, false],
    [3, 0, 2, true],
    [3, 1, 1, false],
    [2, 0, 0, true],
    [2, 0, 1, false],
    [1, 0, 0, true],
    [1, 0, 60, false],
    [0, 0, 0, false],
  ] as const)('of %d known items, %d of them in %d listed, is %s', (known, present, listed, is) => {
    expect(isCollapse({ known, present, listed })).toBe(is);
  });
});

describe('verdictOn', () => {
  it('doubts the first collapse, and believes one that comes late enough after it', () => {
    expect(verdictOn('club', true, null, 5 * hour)).toEqual({ is: 'doubted', since: 5 * hour });
    expect(verdictOn('club', true, 5 * hour, 6 * hour - 1)).toEqual({ is: 'doubted', since: 5 * hour });
    expect(verdictOn('club', true, 5 * hour, 6 * hour)).toEqual({ is: 'believed', missingSince: 5 * hour });
  });

  it('believes a response that has enough at once', () => {
    for (const since of [null, 4 * hour])
      expect(verdictOn('club', false, since, 5 * hour)).toEqual({ is: 'believed', missingSince: 5 * hour });
  });
});

it('the text of a doubt has both numbers', () => {
  expect(doubtText({ known: 120, present: 0 }, 'members')).toBe(
    'the response has 0 of 120 stored members; they are kept until another response confirms it',
  );
});

describe('a list', () => {
  const everyone = Array.from({ length: 30 }, (_, index) => index);
  const answers = array(
    record({
      after: integer({ min: 0, max: 3 * hour }),
      items: oneof(constant<number[]>([]), subarray(everyone)),
    }),
    { minLength: 1, maxLength: 12 },
  );

  it.each(['club', 'events', 'signups', 'results'] as const)(
    'of kind %s loses more than a half only to two answers at different times that both lacked it',
    (kind: DoubtKind) => {
      assert(
        property(answers, (all) => {
          let at = 0;
          let since: number | null = null;
          const seen = new Map(everyone.map((item) => [item, 0]));
          const misses = new Map<number, number[]>();
          for (const { after, items } of all) {
            at += after + 1;
            const present = items.filter((item) => seen.has(item)).length;
            const known = seen.size;
            const verdict = verdictOn(kind, isCollapse({ known, present, listed: items.length }), since, at);
            for (const item of items) {
              seen.set(item, at);
              misses.delete(item);
            }
            for (const item of seen.keys())
              if (!items.includes(item)) misses.set(item, [...(misses.get(item) ?? []), at]);
            since = verdict.is === 'doubted' ? verdict.since : null;
            if (verdict.is === 'doubted') continue;
            const lost = [...seen]
              .filter(([, seenAt]) => seenAt < verdict.missingSince)
              .map(([item]) => item);
            for (const item of lost) seen.delete(item);
            if (2 * lost.length <= known || (lost.length < 3 && items.length > 0)) continue;
            for (const item of lost) {
              const times = misses.get(item) ?? [];
              expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(300_000);
            }
          }
        }),
      );
    },
  );

  it('is emptied by the second of two empty answers', () => {
    const first = verdictOn('club', isCollapse({ known: 9, present: 0, listed: 0 }), null, hour);
    expect(first).toEqual({ is: 'doubted', since: hour });
    const second = verdictOn('club', isCollapse({ known: 9, present: 0, listed: 0 }), hour, 7 * hour);
    expect(second).toEqual({ is: 'believed', missingSince: hour });
  });
});
