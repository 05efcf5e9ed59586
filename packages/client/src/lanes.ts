import { type Color, lanes as ownLanes } from '@paceline/shared/definition';

/** How a lane is shown. */
export interface ShownLane {
  readonly lane: string;
  readonly label: string;
  readonly color: Color;
}

const known = new Map<string, ShownLane>(
  Object.entries(ownLanes).map(([lane, { label, color }]) => [lane, { lane, label, color }]),
);

/** Adds the lanes of other upstreams, as the API names them. Those of the syncs stay as they are. */
export function addLanes(lanes: readonly ShownLane[]): void {
  for (const each of lanes) if (!known.has(each.lane)) known.set(each.lane, each);
}

/** A lane of any upstream; one that the API has not named yet by its name. */
export const laneOf = (lane: string): ShownLane =>
  known.get(lane) ?? { lane, label: wordsOf(lane), color: 'grey' };

/** Each of these lanes once: those of the syncs first, the most urgent one first of all. */
export const inOrder = (lanes: readonly string[]): string[] => [
  ...new Set([...known.keys()].filter((lane) => lanes.includes(lane)).concat(lanes)),
];

/** `read_day` → `read day`, `strava:read_day` → `strava: read day` */
export const wordsOf = (name: string): string => name.replaceAll('_', ' ').replace(':', ': ');
