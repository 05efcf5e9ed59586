import { budgets as ownBudgets, lanes as ownLanes } from '@paceline/shared/definition';
import type { Api } from './api.ts';
import type { Upstream } from './generated.ts';

/** How a lane is shown. */
type ShownLane = Readonly<Pick<Upstream['lanes'][number], 'lane' | 'label' | 'color'>>;

/** Those of the syncs are known from the start. */
const lanes = new Map<string, ShownLane>(
  Object.entries(ownLanes).map(([lane, { label, color }]) => [lane, { lane, label, color }]),
);
const budgets = new Map<string, string>(
  Object.entries(ownBudgets).map(([budget, { label }]) => [budget, label]),
);
const upstreams = new Map([['zwiftracing', 'ZwiftRacing']]);

/** Reads all upstreams, with the names of their lanes and budgets. Lanes of the syncs stay as they are. */
export async function learnUpstreams(api: Api): Promise<readonly Upstream[]> {
  const { items } = await api.call('GET /v1/upstreams');
  for (const { upstream, label } of items) upstreams.set(upstream, label);
  for (const lane of items.flatMap((each) => each.lanes))
    if (!lanes.has(lane.lane)) lanes.set(lane.lane, lane);
  for (const { upstream, budgets: own } of items)
    for (const { budget, label } of own) budgets.set(budget, fullLabel({ upstream, label }));
  return items;
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

/** The same where only the budget's id is known; of one that was not read yet, its words. */
export const budgetLabel = (budget: string): string => budgets.get(budget) ?? wordsOf(budget);

/** A lane of any upstream; one that was not read yet by its name. */
export const laneOf = (lane: string): ShownLane =>
  lanes.get(lane) ?? { lane, label: wordsOf(lane), color: 'grey' };

/** Each of these lanes once: those of the syncs first, the most urgent one first of all. */
export const inOrder = (some: readonly string[]): string[] => [
  ...new Set([...lanes.keys()].filter((lane) => some.includes(lane)).concat(some)),
];

/** `read_day` → `read day`, `weather:read_day` → `weather: read day` */
const wordsOf = (name: string): string => name.replaceAll('_', ' ').replace(':', ': ');
