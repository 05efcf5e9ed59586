import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { count, humanDuration, rate } from '@paceline/shared/words';
import type { LintFinding, Promised, Slot } from '@paceline/shared/contracts';
import { type Plan, sharedBudgets } from './plan.ts';
import {
  type Gap,
  gapsOf,
  oldestOf,
  passMs,
  range,
  type PlanReading,
  readingOf,
  roomOf,
  type MadeCalls,
  withinMs,
} from './reading.ts';
import { type Openings, overlapsBetween, overrunsOf, timeTogether } from './timetable.ts';

type Timeline = LintFinding['timeline'];

/** Errors first; checks the week from `from` (project ms) and the next changes of summer time. */
export function lint(plan: Plan, from: number, openings?: Openings): LintFinding[] {
  const reading = readingOf(plan, from, openings);
  return [collisions, overruns, brokenPromises, demands].flatMap((rule) => rule(reading));
}

export const isError = ({ severity }: LintFinding): boolean => severity === 'error';

const pairs: ReadonlyArray<readonly [SyncKind, SyncKind]> = kindNames.flatMap((one, index) =>
  kindNames.slice(index + 1).map((other) => [one, other] as const),
);

/** Slots of two kinds that are open at once and call the same budgets. Where they share none they do no harm. */
function collisions(reading: PlanReading): LintFinding[] {
  return pairs.flatMap(([one, other]) => {
    const shared = sharedBudgets(one, other);
    return shared.length > 0 ? collision(reading, one, other, shared) : [];
  });
}

function collision(
  { stretches, wall }: PlanReading,
  one: SyncKind,
  other: SyncKind,
  shared: readonly string[],
): LintFinding[] {
  const found = stretches.map(({ slots }) => overlapsBetween(slots[one], slots[other]));
  const [first] = found.flat();
  if (!first) return [];
  const [week] = stretches;
  const days = (week.until - week.from) / 86_400_000;
  const together = timeTogether(found[0] ?? [], week.from, week.until) / days;
  const often =
    together > 0
      ? `${count(Number((together / 60_000).toFixed(1)), 'minute')} a day`
      : 'only when the clocks are put forward or back';
  const [a, b] = first.map((slot) => `${slot.kind} ${wall.slot(slot)}`);
  const lasts = Math.min(first[0].endsAt, first[1].endsAt) - first[1].scheduledFor;
  return [
    {
      rule: 'collision',
      severity: 'error',
      kinds: [one, other],
      message: `Slots of ${one} and ${other} are open at once (${often}) and share ${shared.join(' and ')}: first ${a} and ${b}, from ${wall.moment(first[1].scheduledFor)} for ${humanDuration(lasts)}.`,
      timeline: openAndClose(first),
    },
  ];
}

const openAndClose = (pair: readonly Slot[]): Timeline =>
  pair
    .flatMap(({ kind, scheduledFor, endsAt }) => [
      { at: scheduledFor, says: `the ${kind} slot opens` },
      { at: endsAt, says: `the ${kind} slot closes` },
    ])
    .toSorted((a, b) => a.at - b.at);

/** Slots that are still open when the next one of their kind opens, if only on the days when clocks change. */
function overruns({ stretches, wall }: PlanReading): LintFinding[] {
  return kindNames.flatMap((kind) => {
    const [first] = stretches.flatMap(({ slots }) => overrunsOf(slots[kind]));
    if (!first) return [];
    const [slot, next] = first;
    return [
      {
        rule: 'overrun',
        severity: 'error',
        kinds: [kind],
        message: `The ${kind} slot ${wall.slot(slot)} of ${wall.moment(slot.scheduledFor)} is open for another ${humanDuration(slot.endsAt - next.scheduledFor)} when the next one opens at ${wall.moment(next.scheduledFor)}.`,
        timeline: [
          { at: slot.scheduledFor, says: `the ${kind} slot opens` },
          { at: next.scheduledFor, says: `the next ${kind} slot opens` },
          { at: slot.endsAt, says: 'the first one closes' },
        ],
      },
    ];
  });
}

/** Promises that no order of the calls could keep. */
const brokenPromises = (reading: PlanReading): LintFinding[] =>
  reading.plan.promises.flatMap((promised) => broken(reading, promised));

function broken({ plan, stretches, turnsBy, wall }: PlanReading, promised: Promised): LintFinding[] {
  const { kind } = promised;
  const things = plan.things[kind];
  const spent = turnsBy(kind);
  const within = withinMs(promised, stretches);
  const oldest = oldestOf(spent, things);
  const [week] = spent;
  if (!week || oldest <= within) return [];
  const gap = firstTooOld(spent, things, within);
  const { fewest, most } = roomOf(kind, week);
  const name = kinds[kind].thing;
  const often =
    oldest === Infinity ? 'none in the week that is looked at' : `one every ${humanDuration(oldest)} at best`;
  const example = gap
    ? ` The first that is too old: ${numbered(name, gap)}, from ${wall.moment(gap.from + within)} on.`
    : '';
  return [
    {
      rule: 'promise',
      severity: 'error',
      kinds: [kind],
      message: `Each ${name} was promised a refresh every ${humanDuration(within)}, but gets ${often}: ${count(things, name)} take turns, and a slot has room for ${range(fewest, most)}.${example}`,
      timeline: gap ? gapTimeline(gap, name, within) : [],
    },
  ];
}

/** One that is seen to begin and end with a call tells more than one that the stretch cuts off. */
function firstTooOld(spent: readonly MadeCalls[], things: number, within: number): Gap | undefined {
  const gaps = spent.flatMap(({ stretch, calls }) => gapsOf(calls, things, stretch));
  const tooOld = gaps.filter(({ from, until }) => until - from > within);
  return tooOld.find(({ whole }) => whole) ?? tooOld[0];
}

const numbered = (name: string, { thing }: Gap): string => `${name} ${thing}`;

const gapTimeline = (gap: Gap, name: string, within: number): Timeline => [
  {
    at: gap.from,
    says: gap.whole ? `${numbered(name, gap)} is refreshed` : `say ${numbered(name, gap)} is fresh`,
  },
  { at: gap.from + within, says: `its copy becomes older than ${humanDuration(within)}` },
  {
    at: gap.until,
    says: gap.whole
      ? `it is refreshed again, after ${humanDuration(gap.until - gap.from)}`
      : `it has not been refreshed for ${humanDuration(gap.until - gap.from)}`,
  },
];

/** Kinds that have more to refresh than a slot has room for. That is no error: calls go where they are worth most. */
const demands = (reading: PlanReading): LintFinding[] => kindNames.flatMap((kind) => demand(reading, kind));

function demand({ plan, spentBy }: PlanReading, kind: SyncKind): LintFinding[] {
  const [week] = spentBy(kind);
  const schedule = plan.schedules.find((each) => each.kind === kind);
  if (!week || !schedule) return [];
  const things = plan.things[kind];
  const { slotsADay, callsADay, fewest, most } = roomOf(kind, week);
  if (fewest >= things) return [];
  const budget = kinds[kind].budget;
  return [
    {
      rule: 'demand',
      severity: 'warning',
      kinds: [kind],
      message: `A call for each of ${count(things, kinds[kind].thing)} takes ${humanDuration(passMs(plan, kind))} at ${rate(plan.policies[budget])} (${budget}). A slot of ${humanDuration(schedule.durationMs)} has room for ${range(fewest, most)}, the ${Math.round(slotsADay)} slots of a day for ${Math.round(callsADay)}; the rest is left for the next ones.`,
      timeline: firstSlot(week, kind, things),
    },
  ];
}

/** What becomes of the first slot of the week. */
function firstSlot({ stretch, calls }: MadeCalls, kind: SyncKind, things: number): Timeline {
  const slot = stretch.slots[kind].find(({ scheduledFor }) => scheduledFor >= stretch.from);
  if (!slot) return [];
  const made = calls.filter(({ slotId }) => slotId === slot.slotId);
  const last = made.at(-1);
  return [
    {
      at: slot.scheduledFor,
      says: `the ${kind} slot opens, with ${count(things, kinds[kind].thing)} to refresh`,
    },
    ...(last ? [{ at: last.at, says: `its last call is made, number ${made.length}` }] : []),
    { at: slot.endsAt, says: `it closes with ${things - made.length} left` },
  ];
}
