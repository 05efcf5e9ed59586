import { type Agenda, createAgenda } from '@paceline/kit/agenda';
import { type Club, createWorld, type World } from '@paceline/sandbox';
import { type Clock, createVirtualClock } from '@paceline/shared/clock';
import { goalsOf } from '@paceline/shared/config';
import { createTally, type Tally } from './measure/tally.ts';
import type { Goals } from '@paceline/event-sync/core/classes';
import { configOf, type Scenario } from './scenario.ts';
import { createNetwork, type Network } from './world/network.ts';
import { createStore, type Store } from './world/store.ts';
import { createUpstream, type Upstream } from './world/upstream.ts';

/** What every strategy lives in: the same world, the same upstream, the same chance. */
export interface Life {
  readonly scenario: Scenario;
  readonly agenda: Agenda;
  /** How project time and the machine's hang together; what time it is the agenda says. */
  readonly clock: Clock;
  readonly network: Network;
  readonly world: World;
  readonly upstream: Upstream;
  readonly store: Store;
  readonly tally: Tally;
  readonly clubIds: readonly number[];
  /** How fresh signups are to be kept. */
  readonly goals: Goals;
  readonly from: number;
  readonly until: number;
}

/** Somebody wants to see a rider. */
export interface Click {
  readonly riderId: number;
  readonly at: number;
}

/** How the calls are shared out: starts its processes, and is told of every click when it happens. */
export type Strategy = (life: Life) => { click(click: Click): void };

const day = 86_400_000;

export function createLife(scenario: Scenario): Life {
  const { seed, from, days, scale } = scenario;
  const clubs = clubsOf(scenario);
  const agenda = createAgenda(from);
  const network = createNetwork(scenario);
  const world = createWorld(seed, clubs);
  const tally = createTally();
  return {
    scenario,
    agenda,
    clock: createVirtualClock(0, { scale, anchor: 0 }),
    network,
    world,
    upstream: createUpstream(scenario, agenda, network),
    store: createStore(world, tally.copied),
    tally,
    goals: goalsOf(configOf(scenario)),
    clubIds: clubs.map(({ id }) => id),
    from,
    until: from + days * day,
  };
}

const clubsOf = ({ clubs }: Scenario): Club[] =>
  clubs.map(({ riders }, index) => ({ id: 20_650 + index, name: `Club ${index + 1}`, size: riders }));
