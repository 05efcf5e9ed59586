import { tiers, type SyncKind } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { analyze } from './analysis.ts';
import { isError, lint } from './lint.ts';
import type { KindGoal } from '@paceline/shared/contracts';
import type { Plan } from './plan.ts';
import { repair } from './repair.ts';
import { memoizedSlots } from './timetable.ts';
import { crons, design, hour, lengths, minute, monday, planOf, shipped, windowsFor } from './testing.ts';

const slotsOf = ({ schedules }: Plan, kind: SyncKind) => {
  const schedule = schedules.find((each) => each.kind === kind);
  return [schedule?.opens, (schedule?.durationMs ?? 0) / minute];
};
/** Shared, as the examples have most of their schedules in common. */
const findSlots = memoizedSlots();
const repaired = (plan: Plan) => repair(plan, monday, findSlots);
const errorsOf = (plan: Plan, known = findSlots) => lint(analyze(plan, monday, known)).filter(isError);

describe('a repaired plan', () => {
  it('lints without errors, whatever the original plan', () => {
    const within = fc.oneof(
      fc.constant('cycle' as const),
      fc.integer({ min: 1, max: 48 }).map((each) => each * hour),
    );
    const goals = fc.tuple(within, within, within).map(([rider, near, far]): KindGoal[] => [
      { kind: 'rider', within: rider },
      { kind: 'near', within: near },
      { kind: 'far', within: far },
    ]);
    const slots = fc.tuple(crons, lengths).map((each) => [...each] as const);
    const zones = fc.constantFrom('UTC', 'Europe/Stockholm', 'America/New_York', 'Australia/Lord_Howe');
    const things = fc.record({
      rider: fc.nat(8),
      near: fc.nat(60),
      far: fc.nat(400),
    });
    fc.assert(
      fc.property(
        fc.record({ rider: slots, near: slots, far: slots }),
        fc.record({
          goals,
          things,
          eventsADay: fc.nat(200),
          timeZone: zones,
          windows: fc.constantFrom(...tiers.map(windowsFor)),
        }),
        (cronsAndLengths, rest) => {
          const known = memoizedSlots();
          const found = repair(planOf(cronsAndLengths, rest), monday, known);
          expect(errorsOf(found, known)).toEqual([]);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('of the first design is the shipped schedule with goals that it keeps', () => {
    const found = repaired(design());
    expect(found.schedules).toEqual(shipped().schedules);
    expect(found.goals).toEqual([
      { kind: 'rider', within: 'cycle' },
      { kind: 'near', within: 57 * minute },
      { kind: 'far', within: expect.closeTo(21.4 * hour, -6) },
    ]);
  });

  it.each(['UTC', 'Europe/Stockholm', 'America/New_York'])(
    'equals the original when that has no errors, in %s',
    (timeZone) => {
      expect(repaired(shipped(timeZone))).toEqual(shipped(timeZone));
      expect(repaired(repaired(design(timeZone)))).toEqual(repaired(design(timeZone)));
    },
  );

  it('has longer rider slots for more clubs, as no other kind uses the clubs budget', () => {
    const plan = planOf(
      { rider: ['0 */6 * * *', 10] },
      { things: { rider: 3 }, goals: [{ kind: 'rider', within: 'cycle' }] },
    );
    const found = repaired(plan);
    expect(slotsOf(found, 'rider')).toEqual(['0 */6 * * *', 123]);
    expect(found.goals).toEqual(plan.goals);
  });

  it('relaxes the goal when there are more clubs than calls', () => {
    const plan = planOf(
      { rider: ['0 */6 * * *', 10] },
      { things: { rider: 12 }, goals: [{ kind: 'rider', within: 'cycle' }] },
    );
    const [{ within } = { within: 0 }] = repaired(plan).goals;
    expect(within).toBeGreaterThan(12 * hour);
    expect(within).toBeLessThan(14 * hour);
  });

  it('has slots that close by the time the next one opens', () => {
    expect(slotsOf(repaired(planOf({ far: ['0 */2 * * *', 150] })), 'far')).toEqual(['0 */2 * * *', 120]);
    const inZone = planOf({ far: ['0 1,3 * * *', 90] }, { timeZone: 'Europe/Stockholm' });
    expect(slotsOf(repaired(inZone), 'far')).toEqual(['0 1,3 * * *', 60]);
  });

  it.each([
    ['keeps the minutes of near', '*/20 * * * *', '0,20,40 * * * *'],
    ['uses the default minutes when near leaves no gap', '* * * * *', '10,25,40,55 * * * *'],
    ['uses the default minutes when near differs from hour to hour', '0 7-23 * * *', '10,25,40,55 * * * *'],
  ])('%s and collides with far', (_, cron, expected) => {
    const found = repaired(planOf({ near: [cron, 1], far: ['0 * * * *', 30] }));
    expect(slotsOf(found, 'near')[0]).toBe(expected);
    expect(errorsOf(found)).toEqual([]);
  });

  it('drops the goal of a kind without slots', () => {
    const plan = planOf({}, { goals: [{ kind: 'near', within: hour }] });
    expect(repaired(plan).goals).toEqual([]);
  });
});
