import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { count, humanDuration, rate } from '@paceline/shared/words';
import type { LintFinding, KindGoal, Slot } from '@paceline/shared/contracts';
import { sharedBudgets } from './plan.ts';
import { spentWindows } from './spent.ts';
import {
  type Gap,
  gapsOf,
  oldestAge,
  passMs,
  range,
  type PlanAnalysis,
  slotCapacity,
  type StretchCalls,
  goalMs,
} from './analysis.ts';
import { overlapsBetween, overrunsOf, overlapMs } from './timetable.ts';

type Timeline = LintFinding['timeline'];

/** Findings, errors first, for the week of the analysis and the days around the next clock changes. */
export const lint = (analysis: PlanAnalysis): LintFinding[] =>
  [collisions, overruns, unmetGoals, demands, spent].flatMap((rule) => rule(analysis));

/** Whether slots overlap that share a budget. */
export const overlaps = (analysis: PlanAnalysis): boolean =>
  collisions(analysis).length + overruns(analysis).length > 0;

export const isError = ({ severity }: LintFinding): boolean => severity === 'error';

const pairs: ReadonlyArray<readonly [SyncKind, SyncKind]> = kindNames.flatMap((one, index) =>
  kindNames.slice(index + 1).map((other) => [one, other] as const),
);

/** Overlapping slots of two kinds that share a budget. Without a shared budget an overlap is harmless. */
function collisions(analysis: PlanAnalysis): LintFinding[] {
  return pairs.flatMap(([one, other]) => {
    const shared = sharedBudgets(one, other);
    return shared.length > 0 ? collision(analysis, one, other, shared) : [];
  });
}

function collision(
  { stretches, wall }: PlanAnalysis,
  one: SyncKind,
  other: SyncKind,
  shared: readonly string[],
): LintFinding[] {
  const found = stretches.map(({ slots }) => overlapsBetween(slots[one], slots[other]));
  const [first] = found.flat();
  if (!first) return [];
  const [week] = stretches;
  const days = (week.until - week.from) / 86_400_000;
  const overlapPerDay = overlapMs(found[0] ?? [], week.from, week.until) / days;
  const howMuch =
    overlapPerDay > 0
      ? `${count(Number((overlapPerDay / 60_000).toFixed(1)), 'minute')} a day`
      : 'only when the clocks change';
  const [a, b] = first.map((slot) => `${slot.kind} ${wall.slot(slot)}`);
  const firstOverlap = Math.min(first[0].endsAt, first[1].endsAt) - first[1].scheduledFor;
  return [
    {
      rule: 'collision',
      severity: 'error',
      kinds: [one, other],
      message: `The ${one} and ${other} slots overlap (${howMuch}) and share ${shared.length === 1 ? 'the rate limit' : 'the rate limits'} for ${shared.join(' and ')}. First overlap: ${a} and ${b}, for ${humanDuration(firstOverlap)} from ${wall.time(first[1].scheduledFor)}.`,
      timeline: slotTimeline(first),
    },
  ];
}

const slotTimeline = (pair: readonly Slot[]): Timeline =>
  pair
    .flatMap(({ kind, scheduledFor, endsAt }) => [
      { at: scheduledFor, says: `${kind} slot opens` },
      { at: endsAt, says: `${kind} slot closes` },
    ])
    .toSorted((a, b) => a.at - b.at);

/** Slots that are still open when the next one of their kind opens, even if only when the clocks change. */
function overruns({ stretches, wall }: PlanAnalysis): LintFinding[] {
  return kindNames.flatMap((kind) => {
    const [first] = stretches.flatMap(({ slots }) => overrunsOf(slots[kind]));
    if (!first) return [];
    const [slot, next] = first;
    return [
      {
        rule: 'overrun',
        severity: 'error',
        kinds: [kind],
        message: `The ${kind} slot of ${wall.time(slot.scheduledFor)} (${wall.slot(slot)}) overlaps the next one, which opens at ${wall.time(next.scheduledFor)}, by ${humanDuration(slot.endsAt - next.scheduledFor)}.`,
        timeline: [
          { at: slot.scheduledFor, says: `${kind} slot opens` },
          { at: next.scheduledFor, says: `next ${kind} slot opens` },
          { at: slot.endsAt, says: `first ${kind} slot closes` },
        ],
      },
    ];
  });
}

/** Goals that no order of calls can keep. */
const unmetGoals = (analysis: PlanAnalysis): LintFinding[] =>
  analysis.plan.goals.flatMap((goal) => unmetGoal(analysis, goal));

function unmetGoal(
  { plan, stretches, goalCallsByKind, wall }: PlanAnalysis,
  kindGoal: KindGoal,
): LintFinding[] {
  const { kind } = kindGoal;
  const things = plan.things[kind];
  const callsPerStretch = goalCallsByKind(kind);
  const goal = goalMs(kindGoal, stretches);
  const oldest = oldestAge(callsPerStretch, things);
  const [week] = callsPerStretch;
  if (!week || oldest <= goal) return [];
  const gap = firstTooOld(callsPerStretch, things, goal);
  const { fewest, most } = slotCapacity(kind, week);
  const name = kinds[kind].thing;
  const achievable =
    oldest === Infinity
      ? 'no slot opens in the week that was checked'
      : `these slots refresh it every ${humanDuration(oldest)} at best`;
  const example = gap
    ? ` First to miss the goal: ${numbered(name, gap)}, from ${wall.time(gap.from + goal)}.`
    : '';
  return [
    {
      rule: 'goal',
      severity: 'error',
      kinds: [kind],
      message: `Each ${name} should be refreshed every ${humanDuration(goal)}, but ${achievable}: ${count(things, name)} share ${range(fewest, most)} calls per slot.${example}`,
      timeline: gap ? gapTimeline(gap, name, goal) : [],
    },
  ];
}

/** Prefers a gap between two calls, the clearer example, to one that the stretch cuts off. */
function firstTooOld(
  callsPerStretch: readonly StretchCalls[],
  things: number,
  goal: number,
): Gap | undefined {
  const gaps = callsPerStretch.flatMap(({ stretch, calls }) => gapsOf(calls, things, stretch));
  const tooOld = gaps.filter(({ from, until }) => until - from > goal);
  return tooOld.find(({ isComplete }) => isComplete) ?? tooOld[0];
}

const numbered = (name: string, { thing }: Gap): string => `${name} ${thing}`;

const gapTimeline = (gap: Gap, name: string, goal: number): Timeline => [
  {
    at: gap.from,
    says: gap.isComplete ? `${numbered(name, gap)} is refreshed` : `suppose ${numbered(name, gap)} is fresh`,
  },
  { at: gap.from + goal, says: `its copy is now older than ${humanDuration(goal)}` },
  {
    at: gap.until,
    says: gap.isComplete
      ? `it is refreshed again, after ${humanDuration(gap.until - gap.from)}`
      : `it has not been refreshed for ${humanDuration(gap.until - gap.from)}`,
  },
];

/** Kinds with more to refresh than a slot allows. Not an error: calls go where they are worth most. */
const demands = (analysis: PlanAnalysis): LintFinding[] =>
  kindNames.flatMap((kind) => demand(analysis, kind));

function demand({ plan, callsByKind }: PlanAnalysis, kind: SyncKind): LintFinding[] {
  const [week] = callsByKind(kind);
  const schedule = plan.schedules.find((each) => each.kind === kind);
  if (!week || !schedule) return [];
  const things = plan.things[kind];
  const { slotsADay, callsADay, fewest, most } = slotCapacity(kind, week);
  if (fewest >= things) return [];
  const { thing, budget } = kinds[kind];
  return [
    {
      rule: 'demand',
      severity: 'warning',
      kinds: [kind],
      message: `${count(things, thing)} ${things === 1 ? 'needs' : 'need'} ${count(things, 'call')} (${humanDuration(passMs(plan, kind))}); each ${lengthOf(schedule.durationMs)} slot allows ${range(fewest, most)} (${budget}: ${plan.windows[budget].map(rate).join(', ')}), and the day's ${Math.round(slotsADay)} slots allow ${Math.round(callsADay)}. The rest waits for later slots.`,
      timeline: firstSlot(week, kind, things),
    },
  ];
}

const spent = ({ plan, stretches, wall }: PlanAnalysis): LintFinding[] =>
  spentWindows(plan, stretches[0], wall);

/** `10-minute`, `25-second`, `2-hour` */
const lengthOf = (ms: number): string =>
  humanDuration(ms).replace(/ (\w+)$/, (_, unit: string) => `-${unitNames[unit] ?? unit}`);

const unitNames: Readonly<Record<string, string>> = { s: 'second', min: 'minute', h: 'hour' };

/** What happens in the first slot of the week. */
function firstSlot({ stretch, calls }: StretchCalls, kind: SyncKind, things: number): Timeline {
  const slot = stretch.slots[kind].find(({ scheduledFor }) => scheduledFor >= stretch.from);
  if (!slot) return [];
  const slotCalls = calls.filter(({ slotId }) => slotId === slot.slotId);
  const last = slotCalls.at(-1);
  return [
    {
      at: slot.scheduledFor,
      says: `${kind} slot opens, ${count(things, kinds[kind].thing)} to refresh`,
    },
    ...(last ? [{ at: last.at, says: `last call of the slot (${slotCalls.length} made)` }] : []),
    { at: slot.endsAt, says: `${kind} slot closes, ${things - slotCalls.length} still to refresh` },
  ];
}
