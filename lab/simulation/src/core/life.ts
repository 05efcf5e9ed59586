import { createAgenda } from '@paceline/kit/agenda';
import { type Club, createWorld } from '@paceline/sandbox';
import { createVirtualClock } from '@paceline/shared/clock';
import { freshnessGoalsOf } from '@paceline/shared/config';
import type { RunCounts } from '@paceline/shared/contracts';
import type { Lane, SyncKind } from '@paceline/shared/definition';
import { type Click, configOf, type Scenario } from './scenario.ts';
import { createStore } from './world/store.ts';
import { createNetwork, createUpstream } from './world/upstream.ts';

export type Life = ReturnType<typeof createLife>;

/** How the calls are shared out: starts its processes, and receives every click when it happens. */
export type Strategy = (life: Life) => { click(click: Click): void };

const day = 86_400_000;

/** What every strategy lives in: the same world, the same upstream, the same chance. */
export function createLife(scenario: Scenario) {
  const { seed, from, days, scale } = scenario;
  const clubs = clubsOf(scenario);
  const agenda = createAgenda(from);
  const network = createNetwork(scenario);
  const world = createWorld(seed, clubs);
  const tally = createTally();
  return {
    scenario,
    agenda,
    /** How project time and the machine's hang together; what time it is the agenda says. */
    clock: createVirtualClock(0, { scale, anchor: 0 }),
    network,
    world,
    upstream: createUpstream(scenario, agenda, network),
    store: createStore(world, tally.copied),
    tally,
    /** How fresh signups are to be kept. */
    goals: freshnessGoalsOf(configOf(scenario)),
    clubIds: clubs.map(({ id }) => id),
    from,
    until: from + days * day,
  };
}

const clubsOf = ({ clubs }: Scenario): Club[] =>
  clubs.map(({ riders }, index) => ({ id: 20_650 + index, name: `Club ${index + 1}`, size: riders }));

/** How a run ended. `slotEndsAt`: Infinity when it had no slot. */
interface RunEnded {
  readonly kind: SyncKind;
  readonly state: 'done' | 'failed';
  readonly counts: RunCounts;
  readonly endedAt: number;
  readonly slotEndsAt: number;
}

/** What happened, as far as a result shows it. Moments and spans are project ms. */
function createTally() {
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
    /** A sync had to wait, or was rejected, because of another one. */
    conflict(): void {
      conflicts += 1;
    },
    /** A call was wanted; `leave` when it begins, or is not wanted any more. */
    wants(lane: Lane, since: number) {
      const entry = { lane, since };
      waiting.add(entry);
      return {
        leave(at: number): void {
          if (waiting.delete(entry)) noteWait(lane, at - since);
        },
      };
    },
    clicked: ({ riderId, at }: Click) => void clicks.set(riderId, { at }),
    stored(riderId: number, at: number): void {
      const click = clicks.get(riderId);
      if (click) click.storedAt ??= at;
    },
    refused(riderId: number): void {
      const click = clicks.get(riderId);
      if (click) click.refused = true;
    },
    copied(eventId: string, at: number): void {
      const known = copies.get(eventId);
      if (known) known.push(at);
      else copies.set(eventId, [at]);
    },
    ran: (run: RunEnded) => void runs.push(run),
    /** The longest wait of each lane, by the end at `until`; who still waits counts. */
    longestWaits(until: number): Partial<Record<Lane, number>> {
      for (const { lane, since } of waiting) noteWait(lane, until - since);
      return longest;
    },
  };
}
