import { createDice } from '@paceline/kit/dice';

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

export interface DemandOptions {
  readonly seed: number;
  readonly endpoint: string;
  readonly lane: string;
  readonly perDay: number;
  readonly patience: number;
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
 * Twice what Strava's day allows: 2 000 reads, whose limit is 1 000, and 2 000 uploads beside them, so that all calls are
 * asked for twice, too; and 80 calls of people, half of them in two hours.
 */
export const twiceTheDay = (seed: number): Demand[] => [
  ...demandOf({ seed, endpoint: 'read', lane: 'background', perDay: 2_000, patience: hour }),
  ...demandOf({ seed, endpoint: 'upload', lane: 'background', perDay: 2_000, patience: hour }),
  ...demandOf({ seed, endpoint: 'read', lane: 'person', perDay: 40, patience: day }),
  ...demandOf({ seed, endpoint: 'read', lane: 'person', perDay: 40, patience: day, ...evening }),
];
