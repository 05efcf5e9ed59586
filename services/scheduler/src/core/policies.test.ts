import type { SyncKind } from '@paceline/shared/definition';
import type { SchedulePeriod } from '@paceline/shared/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { due } from './due.ts';
import { slotsOf, withChange, withConfigured } from './schedule.ts';
import { settingsBy } from './testing.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = Date.parse('2026-10-25T00:00Z');

/** What all schedulers together know: the ticks that the broker took, by id, and how far each kind is dealt with. */
interface World {
  readonly opened: Map<string, number>;
  handled: number | undefined;
}

/**
 * A scheduler looks once. One that dies does so before a step: after some ticks were published, or before it has
 * written down how far it came.
 */
function look(
  world: World,
  eras: readonly SchedulePeriod[],
  kind: SyncKind,
  now: number,
  dies: number,
): boolean {
  const { ticks, handled } = due(eras, kind, world.handled, now);
  for (const [index, { slotId }] of ticks.entries()) {
    if (index === dies) return false;
    // The broker drops a second one.
    if (!world.opened.has(slotId)) world.opened.set(slotId, now);
  }
  if (dies === ticks.length) return false;
  world.handled = handled;
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
/** When somebody looks, minutes after the one before, and whether it dies at it; most live. */
const looks = fc.array(
  fc.record({
    after: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 20, max: 400 })),
    dies: fc.oneof({ weight: 3, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(3) }),
    change: fc.option(schedules, { freq: 5 }),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('over any history of schedulers that die and return, while the schedule is changed', () => {
  it('every slot that the policy wants is opened, once, and none that there never was', () => {
    fc.assert(
      fc.property(schedules, policies, looks, (env, policy, history) => {
        const settings = (each: typeof env) => settingsBy({ ...each, SLOT_FAR_CATCH_UP: policy });
        let kept = withConfigured(undefined, settings(env), start);
        if (!kept) throw new Error('there is a first schedule');
        const world: World = { opened: new Map(), handled: start };
        const lived: number[] = [];
        let now = start;
        for (const { after, dies, change } of history) {
          now += after * minute;
          if (look(world, kept.periods, 'far', now, dies)) lived.push(now);
          if (change)
            kept = withChange(kept, { kinds: settings(change).kinds, timeZone: change.SLOT_TIME_ZONE }, now);
        }
        now += minute;
        look(world, kept.periods, 'far', now, -1);
        lived.push(now);

        const all = slotsOf(kept.periods, 'far', start, now);
        const ids = new Set(all.map(({ slotId }) => slotId));
        expect([...world.opened.keys()].filter((id) => !ids.has(id))).toEqual([]);
        const inTime = all.filter(({ scheduledFor, endsAt }) =>
          lived.some((moment) => moment >= scheduledFor && moment < endsAt),
        );
        const newest = all.at(-1);
        const young = all.filter(({ scheduledFor }) => scheduledFor >= now - 3 * hour);
        const wanted = [
          ...inTime,
          ...(policy === 'latest' && newest ? [newest] : []),
          ...(policy === 'all 3h' ? young : []),
        ];
        expect(wanted.filter(({ slotId }) => !world.opened.has(slotId))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('a policy to skip opens no slot that is over', () => {
    fc.assert(
      fc.property(schedules, looks, (env, history) => {
        const eras: SchedulePeriod[] = [{ since: 0, settings: settingsBy(env) }];
        const world: World = { opened: new Map(), handled: start };
        let now = start;
        for (const { after, dies } of history) look(world, eras, 'far', (now += after * minute), dies);
        const ends = new Map(slotsOf(eras, 'far', start, now).map(({ slotId, endsAt }) => [slotId, endsAt]));
        for (const [slotId, at] of world.opened) expect(ends.get(slotId)).toBeGreaterThan(at);
      }),
      { numRuns: 60 },
    );
  });
});
