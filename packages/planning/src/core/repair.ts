import { kindNames, type SyncKind } from '@paceline/shared/definition';
import { oldestOf, turnsBy, withinMs } from './ages.ts';
import { lint } from './lint.ts';
import { type Plan, type Promised, sharedBudgets } from './plan.ts';
import { distancesOf, noSlots, type Openings, rememberOpenings, timetableOf } from './timetable.ts';
import { setSchedules, shortestThat, takeTurns } from './turns.ts';

const minute = 60_000;

/**
 * The plan as it passes `lint` without errors. Slots that overlap their next one are shortened; near and far take turns
 * if they collide; a slot that shares its budget with nobody may get longer; and what is still promised in vain is
 * promised for as often as it can be kept, or not at all. The same plan is always repaired alike.
 */
export function repair(plan: Plan, from: number, openings: Openings = rememberOpenings()): Plan {
  const repaired = [withoutOverruns, withoutCollisions, withLongerSlots].reduce(
    (current, step) => step(current, from, openings),
    plan,
  );
  return withHonestPromises(repaired, from, openings);
}

function withoutOverruns(plan: Plan, from: number, openings: Openings): Plan {
  const stretches = timetableOf(plan, from, openings);
  const shorter = plan.schedules.map(({ kind, durationMs }) => {
    const shortest = distancesOf(stretches, kind).shortest;
    return [kind, { durationMs: Math.min(durationMs, shortest) }] as const;
  });
  return setSchedules(plan, Object.fromEntries(shorter));
}

const withoutCollisions = (plan: Plan, from: number, openings: Openings): Plan =>
  collides(plan, from, openings)
    ? takeTurns(plan, from, openings, (turned) => !collides(turned, from, openings))
    : plan;

const collides = (plan: Plan, from: number, openings: Openings): boolean =>
  lint(plan, from, openings).some(({ rule }) => rule === 'collision' || rule === 'overrun');

function withLongerSlots(plan: Plan, from: number, openings: Openings): Plan {
  const stretches = timetableOf(plan, from, openings);
  const [week] = stretches;
  const longer = plan.schedules.map((schedule) => {
    const { kind, durationMs } = schedule;
    const promised = plan.promises.find((each) => each.kind === kind);
    const shortest = distancesOf(stretches, kind).shortest;
    if (!promised || shortest === Infinity || sharesBudget(kind)) return [kind, schedule] as const;
    const durations = Array.from(
      { length: 1 + Math.max(0, Math.floor((shortest - durationMs) / minute)) },
      (_, index) => durationMs + index * minute,
    );
    const best = shortestThat(withinMs(promised, stretches), durations, (each) => {
      const slots = week.slots[kind].map((slot) => ({ ...slot, endsAt: slot.scheduledFor + each }));
      const alone = { ...week, slots: { ...noSlots, [kind]: slots } };
      return oldestOf(turnsBy(plan, [alone])(kind), plan.things[kind]);
    });
    return [kind, { durationMs: best ?? durationMs }] as const;
  });
  return setSchedules(plan, Object.fromEntries(longer));
}

const sharesBudget = (kind: SyncKind): boolean =>
  kindNames.some((other) => other !== kind && sharedBudgets(kind, other).length > 0);

function withHonestPromises(plan: Plan, from: number, openings: Openings): Plan {
  const stretches = timetableOf(plan, from, openings);
  const spent = turnsBy(plan, stretches);
  const promises = plan.promises.flatMap((promised): Promised[] => {
    const oldest = oldestOf(spent(promised.kind), plan.things[promised.kind]);
    if (oldest <= withinMs(promised, stretches)) return [promised];
    return oldest === Infinity ? [] : [{ ...promised, within: Math.ceil(oldest / minute) * minute }];
  });
  return { ...plan, promises };
}
