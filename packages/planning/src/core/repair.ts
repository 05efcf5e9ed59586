import { classOfKind, freshnessClasses, kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import type { Promised, Slot } from '@paceline/shared/contracts';
import { lint } from './lint.ts';
import { laterKind, type Plan, sharedBudgets, soonKind } from './plan.ts';
import { oldestOf, turnsBy, withinMs } from './reading.ts';
import type { Schedule } from './slots.ts';
import {
  distancesOf,
  noSlots,
  type Openings,
  rememberOpenings,
  type Stretch,
  timetableOf,
} from './timetable.ts';

const minute = 60_000;

/** Without lint errors: shorter overruns, soon and later in turns, longer unshared slots, honest promises. */
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

/**
 * Lets the two kinds that fetch signups take turns: the later one opens when the sooner one closes, and closes a minute
 * before that opens again, so that its last call is no longer in the window. The sooner one gets the shortest slots that
 * refresh every event within its class, or in the longer time that was promised; the later one gets the rest. Where the
 * plan's own minutes leave no place, the shipped ones do: any zone's change of clocks leaves them alone.
 */
function takeTurns(plan: Plan, from: number, openings: Openings, isGood: (turned: Plan) => boolean): Plan {
  const turnsAt = (opens: string | undefined): Plan | undefined => {
    const minutes = minutesOf(opens ?? '');
    return minutes && inTurn(plan, from, minutes, openings);
  };
  const own = turnsAt(plan.schedules.find(({ kind }) => kind === soonKind)?.opens);
  return own && isGood(own) ? own : (turnsAt(kinds[soonKind].opens) ?? plan);
}

/** The minutes of `10,25,40,55 * * * *`, `*\/15 * * * *` or `every 15m`; undefined for what is not as simple. */
function minutesOf(opens: string): number[] | undefined {
  const [, list, step, interval] =
    /^(?:(\d+(?:,\d+)*) \* \* \* \*|\*\/(\d+) \* \* \* \*|every (\d+)m)$/.exec(opens.trim()) ?? [];
  if (list) return list.split(',').map(Number);
  // Only what divides the hour opens at the same minutes of each.
  if (interval && 60 % Number(interval) > 0) return undefined;
  const each = Number(step ?? interval);
  return each ? Array.from({ length: Math.ceil(60 / each) }, (_, index) => index * each) : undefined;
}

/** Undefined: the sooner kind's slots open too close to each other. */
function inTurn(plan: Plan, from: number, minutes: readonly number[], openings: Openings): Plan | undefined {
  const withCrons = setSchedules(plan, { [soonKind]: { opens: cronOf(minutes) } });
  const [week] = timetableOf(withCrons, from, openings);
  const distance = distancesOf([week], soonKind).shortest;
  const durations = Array.from(
    { length: Math.max(0, distance / minute - 2) },
    (_, index) => (index + 1) * minute,
  );
  const promised = plan.promises.find(({ kind }) => kind === soonKind);
  const { fromMs } = freshnessClasses[classOfKind[soonKind]];
  const within = Math.max(fromMs, promised ? withinMs(promised, [week]) : 0);
  const best = shortestThat(within, durations, (durationMs) =>
    oldestOf(turnsBy(plan, [turnsIn(week, durationMs, distance)])(soonKind), plan.things[soonKind]),
  );
  if (best === undefined) return undefined;
  return setSchedules(withCrons, {
    [soonKind]: { durationMs: best },
    [laterKind]: {
      opens: cronOf(minutes.map((each) => (each + best / minute) % 60)),
      durationMs: distance - best - minute,
    },
  });
}

const cronOf = (minutes: readonly number[]) => `${minutes.toSorted((a, b) => a - b).join(',')} * * * *`;

function turnsIn(week: Stretch, soonMs: number, distance: number): Stretch {
  const sooner = week.slots[soonKind].map((slot) => ({ ...slot, endsAt: slot.scheduledFor + soonMs }));
  const later = sooner.map(({ scheduledFor, endsAt }): Slot => ({
    slotId: `slot:${laterKind}:${endsAt}`,
    kind: laterKind,
    scheduledFor: endsAt,
    endsAt: scheduledFor + distance - minute,
  }));
  return { ...week, slots: { ...week.slots, [soonKind]: sooner, [laterKind]: later } };
}

/** The shortest duration with which nothing becomes older than `within`; else that with which it stays freshest. */
function shortestThat(
  within: number,
  durations: readonly number[],
  oldestWith: (durationMs: number) => number,
): number | undefined {
  let best: { durationMs: number; oldest: number } | undefined;
  for (const durationMs of durations) {
    const oldest = oldestWith(durationMs);
    if (oldest <= within) return durationMs;
    if (!best || oldest < best.oldest) best = { durationMs, oldest };
  }
  return best?.durationMs;
}

const setSchedules = (plan: Plan, changed: Partial<Record<SyncKind, Partial<Schedule>>>): Plan => ({
  ...plan,
  schedules: plan.schedules.map((schedule) => ({ ...schedule, ...changed[schedule.kind] })),
});
