import { kinds, type SyncKind } from '@paceline/shared/definition';
import type { Spent } from './ages.ts';
import type { Plan } from './plan.ts';

/** What the slots of a kind have room for in a week. */
export interface Room {
  readonly slotsADay: number;
  readonly callsADay: number;
  /** In the slot that has room for the fewest, and in the one that has room for the most. */
  readonly fewest: number;
  readonly most: number;
}

const day = 86_400_000;

/** @param spent that of the week; a slot that opened before it is not counted */
export function roomOf(kind: SyncKind, { stretch, calls }: Spent): Room {
  const { from, until } = stretch;
  const slots = stretch.slots[kind].filter(({ scheduledFor }) => scheduledFor >= from);
  const bySlot = Map.groupBy(calls, ({ slotId }) => slotId);
  const rooms = slots.map(({ slotId }) => bySlot.get(slotId)?.length ?? 0);
  const days = (until - from) / day;
  return {
    slotsADay: slots.length / days,
    callsADay: rooms.reduce((sum, room) => sum + room, 0) / days,
    fewest: rooms.length > 0 ? Math.min(...rooms) : 0,
    most: Math.max(0, ...rooms),
  };
}

/** How long one call for everything takes (project ms) when all calls that the limit allows are made. */
export function passMs({ policies, things }: Plan, kind: SyncKind): number {
  const { limit, windowMs } = policies[kinds[kind].budget];
  return (things[kind] * windowMs) / limit;
}
