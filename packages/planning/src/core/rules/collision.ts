import { kindNames, type SyncKind } from '@paceline/shared/definition';
import { count, howLong } from '@paceline/shared/words';
import { type Slot } from '@paceline/shared/contracts';
import { overlapsBetween, timeTogether } from '../overlaps.ts';
import { sharedBudgets } from '../plan.ts';
import type { Reading } from '../reading.ts';
import type { Finding, Moment } from './finding.ts';

const pairs: ReadonlyArray<readonly [SyncKind, SyncKind]> = kindNames.flatMap((one, index) =>
  kindNames.slice(index + 1).map((other) => [one, other] as const),
);

/** Slots of two kinds that are open at once and call the same budgets. Where they share none they do no harm. */
export function collisions(reading: Reading): Finding[] {
  return pairs.flatMap(([one, other]) => {
    const shared = sharedBudgets(one, other);
    return shared.length > 0 ? collision(reading, one, other, shared) : [];
  });
}

function collision(
  { stretches, wall }: Reading,
  one: SyncKind,
  other: SyncKind,
  shared: readonly string[],
): Finding[] {
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
      message: `Slots of ${one} and ${other} are open at once (${often}) and share ${shared.join(' and ')}: first ${a} and ${b}, from ${wall.moment(first[1].scheduledFor)} for ${howLong(lasts)}.`,
      timeline: timelineOf(first),
    },
  ];
}

const timelineOf = (pair: readonly Slot[]): Moment[] =>
  pair
    .flatMap(({ kind, scheduledFor, endsAt }) => [
      { at: scheduledFor, says: `the ${kind} slot opens` },
      { at: endsAt, says: `the ${kind} slot closes` },
    ])
    .toSorted((a, b) => a.at - b.at);
