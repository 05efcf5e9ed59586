import type { Goals } from '@paceline/event-sync/core/classes';
import { type Agenda, createAgenda } from '@paceline/kit/agenda';
import { type Club, createWorld, type World } from '@paceline/sandbox';
import { type Clock, createVirtualClock } from '@paceline/shared/clock';
import { goalsOf } from '@paceline/shared/config';
import type { RunCounts } from '@paceline/shared/contracts';
import type { Lane, SyncKind } from '@paceline/shared/definition';
import { type Click, configOf, type Scenario } from './scenario.ts';
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

/** How the calls are shared out: starts its processes, and receives every click when it happens. */
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

/** How a run ended. */
interface RunEnded {
  readonly kind: SyncKind;
  readonly state: 'done' | 'failed';
  readonly counts: RunCounts;
  readonly endedAt: number;
  /** Infinity: it had no slot. */
  readonly slotEndsAt: number;
}

/** What happened, as far as a result shows it. Moments and spans are project ms. */
interface Tally {
  /** A call was wanted; `leave` when it begins, or is not wanted any more. */
  wants(lane: Lane, since: number): { leave(at: number): void };
  /** A sync had to wait, or was rejected, because of another one. */
  conflict(): void;
  clicked(click: Click): void;
  stored(riderId: number, at: number): void;
  refused(riderId: number): void;
  copied(eventId: string, at: number): void;
  ran(run: RunEnded): void;
  /** The longest wait of each lane, by the end at `until`; who still waits counts. */
  longestWaits(until: number): Partial<Record<Lane, number>>;
  readonly clicks: ReadonlyMap<number, { readonly at: number; storedAt?: number; refused?: true }>;
  readonly copies: ReadonlyMap<string, readonly number[]>;
  readonly runs: readonly RunEnded[];
  conflicts(): number;
}

function createTally(): Tally {
  const clicks = new Map<number, { readonly at: number; storedAt?: number; refused?: true }>();
  const copies = new Map<string, number[]>();
  const runs: RunEnded[] = [];
  const longest: Partial<Record<Lane, number>> = {};
  const waiting = new Set<{ readonly lane: Lane; readonly since: number }>();
  let conflicts = 0;

  const noteWait = (lane: Lane, ms: number) => {
    longest[lane] = Math.max(longest[lane] ?? 0, ms);
  };

  return {
    clicks,
    copies,
    runs,
    conflicts: () => conflicts,
    conflict() {
      conflicts += 1;
    },
    wants(lane, since) {
      const entry = { lane, since };
      waiting.add(entry);
      return {
        leave(at) {
          if (waiting.delete(entry)) noteWait(lane, at - since);
        },
      };
    },
    clicked: ({ riderId, at }) => void clicks.set(riderId, { at }),
    stored(riderId, at) {
      const click = clicks.get(riderId);
      if (click) click.storedAt ??= at;
    },
    refused(riderId) {
      const click = clicks.get(riderId);
      if (click) click.refused = true;
    },
    copied(eventId, at) {
      const known = copies.get(eventId);
      if (known) known.push(at);
      else copies.set(eventId, [at]);
    },
    ran: (run) => void runs.push(run),
    longestWaits(until) {
      for (const { lane, since } of waiting) noteWait(lane, until - since);
      return longest;
    },
  };
}
