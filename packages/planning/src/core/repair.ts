import { classOfKind, freshnessClasses, kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import type { KindGoal, Slot } from '@paceline/shared/contracts';
import { overlaps } from './lint.ts';
import { laterKind, type Plan, sharedBudgets, soonKind } from './plan.ts';
import { analyze, oldestAge, goalCallsByKind, goalMs } from './analysis.ts';
import type { KindSchedule } from './slots.ts';
import {
  spacingOf,
  noSlots,
  type SlotFinder,
  memoizedSlots,
  type Stretch,
  timetableOf,
} from './timetable.ts';

const minute = 60_000;

/**
 * A plan without lint errors: shortens overruns, alternates the two event kinds, lengthens slots that share no budget,
 * and relaxes goals that still can't be kept.
 */
export function repair(plan: Plan, from: number, findSlots: SlotFinder = memoizedSlots()): Plan {
  const repaired = [withoutOverruns, withoutCollisions, withLongerSlots].reduce(
    (current, step) => step(current, from, findSlots),
    plan,
  );
  return withRelaxedPromises(repaired, from, findSlots);
}

function withoutOverruns(plan: Plan, from: number, findSlots: SlotFinder): Plan {
  const stretches = timetableOf(plan, from, findSlots);
  const shorter = plan.schedules.map(({ kind, durationMs }) => {
    const shortest = spacingOf(stretches, kind).shortest;
    return [kind, { durationMs: Math.min(durationMs, shortest) }] as const;
  });
  return setSchedules(plan, Object.fromEntries(shorter));
}

const withoutCollisions = (plan: Plan, from: number, findSlots: SlotFinder): Plan =>
  collides(plan, from, findSlots)
    ? withAlternatingSlots(plan, from, findSlots, (alternated) => !collides(alternated, from, findSlots))
    : plan;

const collides = (plan: Plan, from: number, findSlots: SlotFinder): boolean =>
  overlaps(analyze(plan, from, findSlots));

function withLongerSlots(plan: Plan, from: number, findSlots: SlotFinder): Plan {
  const stretches = timetableOf(plan, from, findSlots);
  const [week] = stretches;
  const longer = plan.schedules.map((schedule) => {
    const { kind, durationMs } = schedule;
    const goal = plan.goals.find((each) => each.kind === kind);
    const shortest = spacingOf(stretches, kind).shortest;
    if (!goal || shortest === Infinity || sharesBudget(kind)) return [kind, schedule] as const;
    const durations = Array.from(
      { length: 1 + Math.max(0, Math.floor((shortest - durationMs) / minute)) },
      (_, index) => durationMs + index * minute,
    );
    const best = shortestDuration(goalMs(goal, stretches), durations, (each) => {
      const slots = week.slots[kind].map((slot) => ({ ...slot, endsAt: slot.scheduledFor + each }));
      const alone = { ...week, slots: { ...noSlots, [kind]: slots } };
      return oldestAge(goalCallsByKind(plan, [alone])(kind), plan.things[kind]);
    });
    return [kind, { durationMs: best ?? durationMs }] as const;
  });
  return setSchedules(plan, Object.fromEntries(longer));
}

const sharesBudget = (kind: SyncKind): boolean =>
  kindNames.some((other) => other !== kind && sharedBudgets(kind, other).length > 0);

function withRelaxedPromises(plan: Plan, from: number, findSlots: SlotFinder): Plan {
  const stretches = timetableOf(plan, from, findSlots);
  const goalCalls = goalCallsByKind(plan, stretches);
  const goals = plan.goals.flatMap((goal): KindGoal[] => {
    const oldest = oldestAge(goalCalls(goal.kind), plan.things[goal.kind]);
    if (oldest <= goalMs(goal, stretches)) return [goal];
    return oldest === Infinity ? [] : [{ ...goal, within: Math.ceil(oldest / minute) * minute }];
  });
  return { ...plan, goals };
}

/**
 * Alternates the slots of the two event kinds: the later kind opens when the sooner one closes, and closes a minute
 * before the sooner one opens again, so that its last call has left the window. The sooner kind gets the shortest slots
 * that meet its freshness class (or its goal, if longer); the later kind gets the rest. Falls back to the default
 * minutes when the plan's own don't fit: those are safe across clock changes in every time zone.
 */
function withAlternatingSlots(
  plan: Plan,
  from: number,
  findSlots: SlotFinder,
  isGood: (alternated: Plan) => boolean,
): Plan {
  const alternatingAt = (opens: string | undefined): Plan | undefined => {
    const minutes = minutesOf(opens ?? '');
    return minutes && alternate(plan, from, minutes, findSlots);
  };
  const own = alternatingAt(plan.schedules.find(({ kind }) => kind === soonKind)?.opens);
  return own && isGood(own) ? own : (alternatingAt(kinds[soonKind].opens) ?? plan);
}

/** The minutes of `10,25,40,55 * * * *`, `*\/15 * * * *` or `every 15m`; undefined for any other expression. */
function minutesOf(opens: string): number[] | undefined {
  const [, list, step, interval] =
    /^(?:(\d+(?:,\d+)*) \* \* \* \*|\*\/(\d+) \* \* \* \*|every (\d+)m)$/.exec(opens.trim()) ?? [];
  if (list) return list.split(',').map(Number);
  // Other intervals open at different minutes from hour to hour.
  if (interval && 60 % Number(interval) > 0) return undefined;
  const every = Number(step ?? interval);
  return every ? Array.from({ length: Math.ceil(60 / every) }, (_, index) => index * every) : undefined;
}

/** Undefined when the sooner kind's slots open too close together. */
function alternate(
  plan: Plan,
  from: number,
  minutes: readonly number[],
  findSlots: SlotFinder,
): Plan | undefined {
  const withCrons = setSchedules(plan, { [soonKind]: { opens: cronOf(minutes) } });
  const [week] = timetableOf(withCrons, from, findSlots);
  const spacing = spacingOf([week], soonKind).shortest;
  const durations = Array.from(
    { length: Math.max(0, spacing / minute - 2) },
    (_, index) => (index + 1) * minute,
  );
  const goal = plan.goals.find(({ kind }) => kind === soonKind);
  const { fromMs } = freshnessClasses[classOfKind[soonKind]];
  const within = Math.max(fromMs, goal ? goalMs(goal, [week]) : 0);
  const best = shortestDuration(within, durations, (durationMs) =>
    oldestAge(
      goalCallsByKind(plan, [alternatingWeek(week, durationMs, spacing)])(soonKind),
      plan.things[soonKind],
    ),
  );
  if (best === undefined) return undefined;
  return setSchedules(withCrons, {
    [soonKind]: { durationMs: best },
    [laterKind]: {
      opens: cronOf(minutes.map((each) => (each + best / minute) % 60)),
      durationMs: spacing - best - minute,
    },
  });
}

const cronOf = (minutes: readonly number[]) => `${minutes.toSorted((a, b) => a - b).join(',')} * * * *`;

function alternatingWeek(week: Stretch, soonMs: number, spacing: number): Stretch {
  const sooner = week.slots[soonKind].map((slot) => ({ ...slot, endsAt: slot.scheduledFor + soonMs }));
  const later = sooner.map(({ scheduledFor, endsAt }): Slot => ({
    slotId: `slot:${laterKind}:${endsAt}`,
    kind: laterKind,
    scheduledFor: endsAt,
    endsAt: scheduledFor + spacing - minute,
  }));
  return { ...week, slots: { ...week.slots, [soonKind]: sooner, [laterKind]: later } };
}

/** The shortest duration that keeps everything younger than `within`; if none does, the one that keeps it freshest. */
function shortestDuration(
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

const setSchedules = (plan: Plan, changed: Partial<Record<SyncKind, Partial<KindSchedule>>>): Plan => ({
  ...plan,
  schedules: plan.schedules.map((schedule) => ({ ...schedule, ...changed[schedule.kind] })),
});
