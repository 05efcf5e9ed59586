import type { Lane, SyncKind } from '@paceline/shared/definition';
import type { RunCounts } from '@paceline/shared/contracts';
import type { Click } from '../life.ts';

/** How a run ended. */
export interface RunEnded {
  readonly kind: SyncKind;
  readonly state: 'done' | 'failed';
  readonly counts: RunCounts;
  readonly endedAt: number;
  /** Infinity: it had no slot. */
  readonly slotEndsAt: number;
}

/** What happened, as far as a result tells of it. Moments and spans are project ms. */
export interface Tally {
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

export function createTally(): Tally {
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
