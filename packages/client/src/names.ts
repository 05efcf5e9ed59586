import { lanes as ownLanes } from '@paceline/shared/definition';
import type { Api } from './api.ts';
import type { Upstream } from './generated.ts';

/** How a lane is shown. */
type ShownLane = Readonly<Pick<Upstream['lanes'][number], 'lane' | 'label' | 'color'>>;

const known = new Map<string, ShownLane>(
  Object.entries(ownLanes).map(([lane, { label, color }]) => [lane, { lane, label, color }]),
);

const upstreams = new Map([['zwiftracing', 'ZwiftRacing']]);

/** Reads the names of all upstreams and of their lanes. Lanes of the syncs stay as they are. */
export async function learnUpstreams(api: Api): Promise<void> {
  const { items } = await api.call('GET /v1/upstreams');
  for (const { upstream, label } of items) upstreams.set(upstream, label);
  for (const lane of items.flatMap(({ lanes }) => lanes))
    if (!known.has(lane.lane)) known.set(lane.lane, lane);
}

/** An upstream's name for people. */
export const upstreamLabel = (upstream: string): string => upstreams.get(upstream) ?? upstream;

/** A budget's name where those of several upstreams are listed: `Signups`, `Weather: Calls per day`. */
export const fullLabel = ({
  upstream,
  label,
}: {
  readonly upstream: string;
  readonly label: string;
}): string => (upstream === 'zwiftracing' ? label : `${upstreamLabel(upstream)}: ${label}`);

/** A lane of any upstream; one that was not read yet by its name. */
export const laneOf = (lane: string): ShownLane =>
  known.get(lane) ?? { lane, label: wordsOf(lane), color: 'grey' };

/** Each of these lanes once: those of the syncs first, the most urgent one first of all. */
export const inOrder = (lanes: readonly string[]): string[] => [
  ...new Set([...known.keys()].filter((lane) => lanes.includes(lane)).concat(lanes)),
];

/** `read_day` → `read day`, `weather:read_day` → `weather: read day` */
export const wordsOf = (name: string): string => name.replaceAll('_', ' ').replace(':', ': ');
