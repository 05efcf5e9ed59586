import { kindNames, kinds, type SyncKind } from '@paceline/shared/definition';
import { count, howLong, rate } from '@paceline/shared/words';
import type { Spent } from '../ages.ts';
import { passMs, roomOf } from '../room.ts';
import { range } from '../words.ts';
import type { Reading } from '../reading.ts';
import type { Finding, Moment } from './finding.ts';

/** Kinds that have more to refresh than a slot has room for. That is no error: calls go where they are worth most. */
export const demands = (reading: Reading): Finding[] => kindNames.flatMap((kind) => demand(reading, kind));

function demand({ plan, spentBy }: Reading, kind: SyncKind): Finding[] {
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
      message: `A call for each of ${count(things, kinds[kind].thing)} takes ${howLong(passMs(plan, kind))} at ${rate(plan.policies[budget])} (${budget}). A slot of ${howLong(schedule.durationMs)} has room for ${range(fewest, most)}, the ${Math.round(slotsADay)} slots of a day for ${Math.round(callsADay)}; the rest is left for the next ones.`,
      timeline: firstSlot(week, kind, things),
    },
  ];
}

/** What becomes of the first slot of the week. */
function firstSlot({ stretch, calls }: Spent, kind: SyncKind, things: number): Moment[] {
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
