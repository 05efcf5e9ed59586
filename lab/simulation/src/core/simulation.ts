import { createAgenda } from '@paceline/kit/agenda';
import { type SandboxClub, createWorld } from '@paceline/sandbox';
import { createVirtualClock } from '@paceline/shared/clock';
import { callPlanRulesOf } from '@paceline/shared/config';
import type { RunCounts } from '@paceline/shared/contracts';
import type { Lane, SyncKind } from '@paceline/shared/definition';
import { type Click, configOf, type ImportRequest, type Scenario } from './scenario.ts';
import { createStore } from './world/store.ts';
import { createNetwork, createUpstream } from './world/upstream.ts';

export type Simulation = ReturnType<typeof createSimulation>;

/** Starts its processes and receives every add and import at its time. */
export type Strategy = (simulation: Simulation) => {
  click(click: Click): void;
  importRiders(request: ImportRequest): void;
};

const day = 86_400_000;

/** The environment: the same world, upstream and random draws for every strategy. */
export function createSimulation(scenario: Scenario) {
  const { seed, from, days, scale } = scenario;
  const clubs = clubsOf(scenario);
  const agenda = createAgenda(from);
  const network = createNetwork(scenario);
  const world = createWorld(seed, clubs);
  const tally = createTally();
  return {
    scenario,
    agenda,
    /** Converts between project and real time; the current time comes from the agenda. */
    clock: createVirtualClock(0, { scale, anchor: 0 }),
    network,
    world,
    upstream: createUpstream(scenario, agenda, network),
    store: createStore(world, tally.recordCopy),
    tally,
    /** The rules by which calls for signups are planned. */
    rules: callPlanRulesOf(configOf(scenario)),
    clubIds: clubs.map(({ id }) => id),
    from,
    until: from + days * day,
  };
}

const clubsOf = ({ clubs }: Scenario): SandboxClub[] =>
  clubs.map(({ riders }, index) => ({ id: 20_650 + index, name: `Club ${index + 1}`, size: riders }));

/** `slotEndsAt`: Infinity without a slot. */
interface RunEnded {
  readonly kind: SyncKind;
  readonly state: 'done' | 'failed';
  readonly counts: RunCounts;
  readonly endedAt: number;
  readonly slotEndsAt: number;
}

/** A rider that a user wants, and when it was stored or refused. */
export interface WantedRider {
  readonly at: number;
  storedAt?: number;
  refused?: true;
}

/** When an event's results were first stored, and first with ratings. */
interface StoredResults {
  storedAt?: number;
  ratedAt?: number;
}

/** Riders outside the clubs that were known when a cycle of the rider sync began, and those refreshed in it. */
interface OutsiderCycle {
  readonly known: number;
  readonly refreshed: number;
}

/** Records what the result is calculated from. Times are project ms. */
function createTally() {
  const clicks = new Map<number, WantedRider>();
  const imported = new Map<number, WantedRider>();
  const results = new Map<string, StoredResults>();
  const outsiders: OutsiderCycle[] = [];
  const copies = new Map<string, number[]>();
  const runs: RunEnded[] = [];
  const longest: Partial<Record<Lane, number>> = {};
  const waiting = new Set<{ readonly lane: Lane; readonly since: number }>();
  let conflicts = 0;

  const recordWait = (lane: Lane, ms: number) => {
    longest[lane] = Math.max(longest[lane] ?? 0, ms);
  };

  return {
    clicks,
    imported,
    results,
    outsiders,
    copies,
    runs,
    conflicts: () => conflicts,
    /** One sync waits, or gets a 429, because of another. */
    recordConflict(): void {
      conflicts += 1;
    },
    /** Starts a wait for a call; it ends when the call starts or is abandoned. */
    startWait(lane: Lane, since: number) {
      const entry = { lane, since };
      waiting.add(entry);
      return {
        end(at: number): void {
          if (waiting.delete(entry)) recordWait(lane, at - since);
        },
      };
    },
    recordClick: ({ riderId, at }: Click) => void clicks.set(riderId, { at }),
    recordImport({ riderIds, at }: ImportRequest): void {
      for (const id of riderIds) imported.set(id, { at });
    },
    recordStored(riderId: number, at: number): void {
      const rider = clicks.get(riderId) ?? imported.get(riderId);
      if (rider) rider.storedAt ??= at;
    },
    recordRefused(riderId: number): void {
      const rider = clicks.get(riderId) ?? imported.get(riderId);
      if (rider) rider.refused = true;
    },
    recordResults(eventId: string, isRated: boolean, at: number): void {
      const known = results.get(eventId) ?? {};
      known.storedAt ??= at;
      if (isRated) known.ratedAt ??= at;
      results.set(eventId, known);
    },
    recordCopy(eventId: string, at: number): void {
      const known = copies.get(eventId);
      if (known) known.push(at);
      else copies.set(eventId, [at]);
    },
    recordRun: (run: RunEnded) => void runs.push(run),
    /** Longest wait per lane up to `until`, including waits that have not ended. */
    longestWaits(until: number): Partial<Record<Lane, number>> {
      for (const { lane, since } of waiting) recordWait(lane, until - since);
      return longest;
    },
  };
}
