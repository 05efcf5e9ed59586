import { type Lane, lanes } from '../contracts/index.ts';

/** Lanes in which somebody, or a race, can't wait for a slot: nobody gets there by failing. */
const forced: ReadonlySet<Lane> = new Set(['manual_rider_add', 'near_event_urgent']);

/** The lane in which a call that upstream rejected is asked for again: one up, but never into a forced one. */
export function raisedLane(lane: Lane): Lane {
  const above = lanes[lanes.indexOf(lane) - 1];
  return above === undefined || forced.has(above) ? lane : above;
}
