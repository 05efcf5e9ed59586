import { createDice } from '@paceline/kit/dice';
import { mapValues } from '@paceline/shared/definition';
import type { Upstream } from '@paceline/shared/upstreams';

const hour = 3_600_000;
export const day = 24 * hour;

/** One caller's request for a call. */
export interface Demand {
  readonly endpoint: string;
  readonly lane: string;
  /** Ms from midnight. */
  readonly at: number;
  /** It gives up after this many ms. */
  readonly patience: number;
}

export interface DemandOptions extends Omit<Demand, 'at'> {
  readonly seed: number;
  readonly perDay: number;
  /** Default the whole day, ms from midnight. */
  readonly from?: number;
  readonly until?: number;
}

/** Requests at random times. */
export function demandOf({ perDay, from = 0, until = day, seed, ...request }: DemandOptions): Demand[] {
  const dice = createDice(seed, `demand of ${request.lane} for ${request.endpoint} from ${from}`);
  return Array.from({ length: perDay }, () => ({ ...request, at: dice.whole(from, until - 1) }));
}

/** A person looks at activities after the races of an evening. */
const evening = { from: 20 * hour, until: 22 * hour };

/**
 * Twice what an upstream's day allows: of each endpoint, twice the calls that its scarcest budget has left after the
 * endpoints before it; and 80 calls of people, half of them in two hours.
 */
export function twiceTheDay({ budgets, endpoints, lanes }: Upstream, seed: number): Demand[] {
  const left = mapValues(budgets, ({ limits: { standard } }) => (standard.limit * day) / standard.windowMs);
  const demand: Demand[] = [];
  const background = { seed, lane: laneOf(lanes, false), patience: hour };
  for (const [endpoint, { budgets: names }] of Object.entries(endpoints)) {
    const allowed = Math.floor(Math.min(...names.map((name) => left[name]!)));
    demand.push(...demandOf({ ...background, endpoint, perDay: 2 * allowed }));
    for (const name of names) left[name]! -= allowed;
  }
  const [endpoint = ''] = Object.keys(endpoints);
  const person = { seed, lane: laneOf(lanes, true), endpoint, perDay: 40, patience: day };
  return [...demand, ...demandOf(person), ...demandOf({ ...person, ...evening })];
}

/** The most urgent lane of people, or the least urgent one of programs. */
const laneOf = (lanes: Upstream['lanes'], forced: boolean): string => {
  const names = Object.keys(lanes).filter((name) => lanes[name]?.forced === forced);
  return names.at(forced ? 0 : -1) ?? Object.keys(lanes)[0]!;
};
