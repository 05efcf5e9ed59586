import type { Slot } from '@paceline/shared/contracts';
import { oldestOf, turnsBy, withinMs } from './ages.ts';
import type { Plan } from './plan.ts';
import type { Schedule } from './slots.ts';
import { distancesOf, type Openings, type Stretch, timetableOf } from './timetable.ts';

const minute = 60_000;
const hour = 60 * minute;

/** Minutes at which near slots open when a plan's own leave no place: any zone's change of clocks leaves them alone. */
const usual = [10, 25, 40, 55];

/**
 * Lets near and far take turns: far opens when near closes, and closes a minute before near opens again, so that its
 * last call is no longer in the window. Near gets the shortest slots that refresh every event in its last hour, or in
 * the longer time that was promised; far gets the rest.
 */
export function takeTurns(
  plan: Plan,
  from: number,
  openings: Openings,
  isGood: (turned: Plan) => boolean,
): Plan {
  const own = minutesOf(plan.schedules.find(({ kind }) => kind === 'near')?.opens ?? '');
  const turned = own && behind(plan, from, own, openings);
  const fallback = () => behind(plan, from, usual, openings) ?? plan;
  return turned && isGood(turned) ? turned : fallback();
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

/** Undefined: near slots open too close to each other. */
function behind(plan: Plan, from: number, minutes: readonly number[], openings: Openings): Plan | undefined {
  const withCrons = setSchedules(plan, { near: { opens: cronOf(minutes) } });
  const [week] = timetableOf(withCrons, from, openings);
  const distance = distancesOf([week], 'near').shortest;
  const durations = Array.from(
    { length: Math.max(0, distance / minute - 2) },
    (_, index) => (index + 1) * minute,
  );
  const promised = plan.promises.find(({ kind }) => kind === 'near');
  const within = Math.max(hour, promised ? withinMs(promised, [week]) : 0);
  const best = shortestThat(within, durations, (durationMs) =>
    oldestOf(turnsBy(plan, [inTurns(week, durationMs, distance)])('near'), plan.things.near),
  );
  if (best === undefined) return undefined;
  return setSchedules(withCrons, {
    near: { durationMs: best },
    far: {
      opens: cronOf(minutes.map((each) => (each + best / minute) % 60)),
      durationMs: distance - best - minute,
    },
  });
}

const cronOf = (minutes: readonly number[]) => `${minutes.toSorted((a, b) => a - b).join(',')} * * * *`;

function inTurns(week: Stretch, nearMs: number, distance: number): Stretch {
  const near = week.slots.near.map((slot) => ({ ...slot, endsAt: slot.scheduledFor + nearMs }));
  const far = near.map(({ scheduledFor, endsAt }): Slot => ({
    slotId: `slot:far:${endsAt}`,
    kind: 'far',
    scheduledFor: endsAt,
    endsAt: scheduledFor + distance - minute,
  }));
  return { ...week, slots: { ...week.slots, near, far } };
}

/** The shortest duration with which nothing becomes older than `within`; else that with which it stays freshest. */
export function shortestThat(
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

/** A plan with other schedules. */
export const setSchedules = (
  plan: Plan,
  changed: Partial<Record<Schedule['kind'], Partial<Schedule>>>,
): Plan => ({
  ...plan,
  schedules: plan.schedules.map((schedule) => ({ ...schedule, ...changed[schedule.kind] })),
});
