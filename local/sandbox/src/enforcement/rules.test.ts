import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCounter, type Enforcement, enforcements } from './counter.ts';

const policy = { limit: 3, windowMs: 1000 };

/** Which of the calls at these moments are accepted. */
function replay(enforcement: Enforcement, moments: readonly number[]): boolean[] {
  const counter = createCounter(enforcement);
  return moments.map((now) => counter(policy, now).accepted);
}

const runs = fc
  .array(
    fc.integer({ min: 0, max: 14 }).map((steps) => steps * 50),
    { maxLength: 60 },
  )
  .map((gaps) => gaps.map((_, index) => 5000 + gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0)));

describe('a fixed window from the first hit', () => {
  it('lasts one window from the first call and then begins anew with the next', () => {
    expect(replay('first-hit', [400, 500, 600, 700, 1399, 1400])).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it('counts rejected calls without lasting longer for them', () => {
    const hammering = [0, 1, 2, 3, 500, 999];
    expect(replay('first-hit', [...hammering, 1000, 1001, 1002, 1003]).slice(6)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('lets two full batches through close together around its end', () => {
    expect(replay('first-hit', [0, 998, 999, 1000, 1001, 1002])).not.toContain(false);
    expect(replay('sliding', [0, 998, 999, 1000, 1001, 1002])).toContain(false);
  });

  it('tells when the window ends and what is left in it', () => {
    const counter = createCounter('first-hit');
    expect(counter(policy, 400)).toEqual({ accepted: true, remaining: 2, resetAt: 1400 });
    counter(policy, 500);
    counter(policy, 600);
    expect(counter(policy, 900)).toEqual({ accepted: false, remaining: 0, resetAt: 1400 });
  });
});

describe('a clock-aligned window', () => {
  it('begins at multiples of its length, whenever calls come', () => {
    expect(replay('clock-aligned', [900, 950, 999, 1000, 1001, 1002, 1003, 2000])).toEqual([
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      true,
    ]);
  });

  it('frees up at the next multiple', () => {
    expect(createCounter('clock-aligned')(policy, 1234).resetAt).toBe(2000);
  });
});

describe('a sliding log', () => {
  it('rejects the call that would be one too many in any interval of the length of the window', () => {
    expect(replay('sliding', [0, 600, 900, 999, 1000, 1599, 1600])).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('tells when the oldest counted call leaves it', () => {
    const counter = createCounter('sliding');
    for (const now of [100, 200, 300]) counter(policy, now);
    expect(counter(policy, 350)).toEqual({ accepted: false, remaining: 0, resetAt: 1100 });
  });

  it('never lets somebody through who hammers, when rejects count', () => {
    const everyTenth = Array.from({ length: 50 }, (_, index) => index * 100);
    expect(replay('sliding-counting-rejects', everyTenth).slice(3)).not.toContain(true);
    expect(replay('sliding', everyTenth).slice(3)).toContain(true);
  });

  it('names a moment, when rejects count, at which a call gets through if none comes before', () => {
    const counter = createCounter('sliding-counting-rejects');
    const last = [0, 100, 200, 300, 400].map((now) => counter(policy, now)).at(-1);
    expect(last?.resetAt).toBe(1200);
    expect(counter(policy, 1200).accepted).toBe(true);
  });
});

describe('every way of counting', () => {
  it.each(enforcements)(
    '%s accepts a call at the moment it named if nothing came in between',
    (enforcement) => {
      fc.assert(
        fc.property(runs, (moments) => {
          const counter = createCounter(enforcement);
          const last = moments.map((now) => counter(policy, now)).at(-1);
          expect(last === undefined || last.accepted || counter(policy, last.resetAt).accepted).toBe(true);
        }),
      );
    },
  );

  it.each(enforcements)('%s never accepts more than twice the limit in any window', (enforcement) => {
    fc.assert(
      fc.property(runs, (moments) => {
        const accepted = replay(enforcement, moments).flatMap((was, index) =>
          was ? (moments[index] ?? []) : [],
        );
        const inWindow = (end: number) => accepted.filter((each) => each > end - 1000 && each <= end).length;
        const most = (enforcement.startsWith('sliding') ? 1 : 2) * policy.limit;
        expect(Math.max(0, ...accepted.map(inWindow))).toBeLessThanOrEqual(most);
      }),
    );
  });
});
