import { describe, expect, it } from 'vitest';
import { analyze } from './analysis.ts';
import { forecast } from './forecast.ts';
import { lint } from './lint.ts';
import type { Plan } from './plan.ts';
import { spentBySteady } from './spent.ts';
import { day, hour, minute, monday, shipped } from './testing.ts';
import type { PlannedWindow } from './windows.ts';

const dayWindow = (changed: Partial<PlannedWindow> = {}): PlannedWindow => ({
  budget: 'all_day',
  label: 'All calls, day',
  limit: 1_000,
  windowMs: day,
  resets: 'aligned',
  paced: false,
  reserve: 0,
  ...changed,
});

/** The default schedule, whose event list and signups also count in a day. */
function withDay(window: PlannedWindow): Plan {
  const plan = shipped();
  const { events, signups } = plan.windows;
  return {
    ...plan,
    windows: { ...plan.windows, events: [...events, window], signups: [...signups, window] },
  };
}

const spent = (plan: Plan) =>
  lint(analyze(plan, monday)).filter(({ message }) => message.includes('are gone'));

describe('a long window', () => {
  it('is reported when the schedule spends it before its end', () => {
    const [finding, ...others] = spent(withDay(dayWindow()));
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: 'demand', severity: 'warning', kinds: ['near', 'far'] });
    expect(finding?.message).toMatch(
      /^At this schedule the day's 1 000 \(All calls, day\) are gone at Mon 4 May 1\d:\d\d: 1 \d{3} calls are wanted\. No more calls are made until Tue 5 May 00:00\.$/,
    );
    expect(finding?.timeline.map(({ says }) => says)).toEqual([
      'the day starts',
      'call 1 000, the last one',
      'the next day starts',
    ]);
  });

  it('is not reported when it lasts', () => {
    expect(spent(withDay(dayWindow({ limit: 3_000 })))).toEqual([]);
    expect(spent(shipped())).toEqual([]);
  });

  it('is spent sooner by what is reserved', () => {
    const at = (reserve: number) => spent(withDay(dayWindow({ reserve })))[0]?.timeline[1]?.at ?? 0;
    expect(at(300)).toBeLessThan(at(0) - hour);
  });

  it('stops the calls of a busy day, unless it is paced', () => {
    const callsOn = (window: PlannedWindow, from: number) => {
      const calls = analyze(withDay(window), monday).callsByKind('far')[0]?.calls ?? [];
      return calls.filter(({ at }) => at >= from && at < from + 3 * hour).length;
    };
    const evening = monday + 21 * hour;
    expect(callsOn(dayWindow({ limit: 500 }), evening)).toBe(0);
    expect(callsOn(dayWindow({ limit: 500, paced: true }), evening)).toBeGreaterThan(10);
  });

  it('appears once in the forecast, with the calls of every kind', () => {
    const { budgets } = forecast(analyze(withDay(dayWindow()), monday));
    const [all, ...others] = budgets.filter(({ budget }) => budget === 'all_day');
    expect(others).toEqual([]);
    expect(all).toMatchObject({ policy: { limit: 1_000, windowMs: day }, allowed: 1_000 });
    expect(all?.wanted.near).toBeGreaterThan(96);
  });
});

describe('calls at a steady rate', () => {
  const steady = (windows: readonly PlannedWindow[], limit: number) =>
    spentBySteady({ windows, limit, windowMs: hour }, monday).map(({ timeline }) => timeline[1]?.at);

  it('spend a day when their number is reached', () => {
    expect(steady([dayWindow()], 60)).toEqual([monday + 999 * minute]);
    expect(steady([dayWindow()], 40)).toEqual([]);
  });

  it('are slowed down by short windows', () => {
    const quarter = dayWindow({ budget: 'quarter', limit: 10, windowMs: 15 * minute });
    expect(steady([quarter, dayWindow()], 600)).toEqual([]);
    expect(steady([{ ...quarter, limit: 15 }, dayWindow()], 600)[0]).toBeGreaterThan(monday + 16 * hour);
  });

  it('spend a sliding window, counted from the first call', () => {
    expect(steady([dayWindow({ resets: 'sliding', limit: 100 })], 60)).toEqual([monday + 99 * minute]);
  });
});
