import type { Lane } from '@paceline/shared/definition';
import type { Rank } from './line.ts';

const priorities: Readonly<Record<Lane, number>> = {
  manual_rider_add: 100,
  near_event_urgent: 90,
  near_event_normal: 70,
  rider_sync: 50,
  far_event_sync: 30,
};

/** The design's priorities: the greater goes first, however long the others have waited. */
export const byPriority: Rank = ({ wanted }, now) => -priorities[wanted.lane(now)];

/** Whoever came first goes first. */
export const byArrival: Rank = () => 0;
