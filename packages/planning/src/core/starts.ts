import type { Plan } from './plan.ts';

const hour = 3_600_000;

/** The hours of the day (UTC) in which most events start: Europe's evening. */
const busyHours: readonly number[] = [19, 20];

/**
 * When events start, from `from` until `until` (project ms): as many as `things.near` in each busy hour, what is left
 * of a day's in the others, one after the other at even distances.
 */
export function startsBetween({ things, eventsADay }: Plan, from: number, until: number): number[] {
  const busy = Math.min(things.near, eventsADay / busyHours.length);
  const quiet = (eventsADay - busyHours.length * busy) / (24 - busyHours.length);
  const first = Math.floor(from / hour);
  const hours = Array.from({ length: Math.ceil(until / hour) - first }, (_, index) => first + index);
  return hours.flatMap((each) => {
    const rate = busyHours.includes(each % 24) ? busy : quiet;
    // Rates are no whole numbers: what an hour rounds off, a later one makes up for.
    const count = Math.floor((each + 1) * rate) - Math.floor(each * rate);
    return Array.from({ length: count }, (_, index) => each * hour + (index * hour) / count);
  });
}
