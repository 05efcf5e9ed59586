import type { SyncKind } from '@paceline/shared/definition';
import type { SchedulePeriod } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueTicks } from './due.ts';
import { slotsOf, withChange, withConfigured } from './schedule.ts';
import { settingsFrom } from './testing.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = Date.parse('2026-10-25T00:00Z');

/** State shared by all schedulers: opening times of the published ticks by id, and the last handled slot. */
interface SharedState {
  readonly opened: Map<string, number>;
  handled: number | undefined;
}

/** One pass of a scheduler. `crashesAfter`: the number of ticks after which it crashes; false when it has crashed. */
function runPass(
  shared: SharedState,
  periods: readonly SchedulePeriod[],
  kind: SyncKind,
  now: number,
  crashesAfter: number,
): boolean {
  const { ticks, handled } = dueTicks(periods, kind, shared.handled, now);
  for (const [index, { slotId }] of ticks.entries()) {
    if (index === crashesAfter) return false;
    // The broker drops duplicates.
    if (!shared.opened.has(slotId)) shared.opened.set(slotId, now);
  }
  if (crashesAfter === ticks.length) return false;
  shared.handled = handled;
  return true;
}

const openings = fc.constantFrom('10,40 * * * *', 'every 25m', '0 */2 * * *', 'every 7m', '5 2,3 * * *');
const policies = fc.constantFrom('skip', 'latest', 'all 3h', 'all 30m');
const schedules = fc.record({
  SLOT_FAR: openings,
  SLOT_FAR_DURATION: fc.constantFrom('1m', '5m', '20m'),
  SLOT_FAR_SKIP: fc.constantFrom('', '01:00-02:30'),
  SLOT_TIME_ZONE: fc.constantFrom('UTC', 'Europe/Stockholm'),
});
/** Passes: minutes since the previous one, after which tick it crashes (-1: it doesn't), and a schedule change. */
const passes = fc.array(
  fc.record({
    after: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 400 })),
    crashesAfter: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
    change: fc.option(schedules, { freq: 5 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('due, over any history of crashing schedulers and schedule changes', () => {
  it('opens every slot that the policy requires, and none that was not scheduled', () => {
    fc.assert(
      fc.property(schedules, policies, passes, (env, policy, history) => {
        const settings = (each: typeof env) => settingsFrom({ ...each, SLOT_FAR_CATCH_UP: policy });
        let stored = withConfigured(undefined, settings(env), start);
        if (!stored) throw new Error('no schedule');
        const shared: SharedState = { opened: new Map(), handled: start };
        const completedAt: number[] = [];
        let now = start;
        for (const { after, crashesAfter, change } of history) {
          now += after * minute;
          if (runPass(shared, stored.periods, 'far', now, crashesAfter)) completedAt.push(now);
          if (change)
            stored =
              withChange(stored, { kinds: settings(change).kinds, timeZone: change.SLOT_TIME_ZONE }, now) ??
              stored;
        }
        now += minute;
        runPass(shared, stored.periods, 'far', now, -1);
        completedAt.push(now);

        const all = slotsOf(stored.periods, 'far', start, now);
        const ids = new Set(all.map(({ slotId }) => slotId));
        expect([...shared.opened.keys()].filter((id) => !ids.has(id))).toEqual([]);
        const inTime = all.filter(({ scheduledFor, endsAt }) =>
          completedAt.some((at) => at >= scheduledFor && at < endsAt),
        );
        const newest = all.at(-1);
        const recent = all.filter(({ scheduledFor }) => scheduledFor >= now - 3 * hour);
        const required = [
          ...inTime,
          ...(policy === 'latest' && newest ? [newest] : []),
          ...(policy === 'all 3h' ? recent : []),
        ];
        expect(required.filter(({ slotId }) => !shared.opened.has(slotId))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('opens no slot that has ended with policy skip', () => {
    fc.assert(
      fc.property(schedules, passes, (env, history) => {
        const periods: SchedulePeriod[] = [{ since: 0, settings: settingsFrom(env) }];
        const shared: SharedState = { opened: new Map(), handled: start };
        let now = start;
        for (const { after, crashesAfter } of history)
          runPass(shared, periods, 'far', (now += after * minute), crashesAfter);
        const ends = new Map(
          slotsOf(periods, 'far', start, now).map(({ slotId, endsAt }) => [slotId, endsAt]),
        );
        for (const [slotId, at] of shared.opened) expect(ends.get(slotId)).toBeGreaterThan(at);
      }),
      { numRuns: 60 },
    );
  });
});
