import type { Progress } from '@paceline/shared/contracts';
import { z } from 'zod';
import { isoOrNull } from './times.ts';

export const riderOutcomes = ['waiting', 'done', 'failed'] as const;
export type RiderOutcome = (typeof riderOutcomes)[number];

/** What became of one rider of a command. */
export const commandRiderShape = z.object({
  riderId: z.int(),
  outcome: z.enum(riderOutcomes),
  reason: z.string().nullable().describe('failed: why'),
  endedAt: z.iso.datetime().nullable(),
  rider: z.string().nullable().describe('done: where the rider is'),
});
export type CommandRiderView = z.infer<typeof commandRiderShape>;

export interface CommandRiderRow {
  readonly riderId: number;
  /** Null: it is still waited for. */
  readonly outcome: 'done' | 'failed' | null;
  readonly reason: string | null;
  readonly endedAt: number | null;
}

export const commandRiderView = ({
  riderId,
  outcome,
  reason,
  endedAt,
}: CommandRiderRow): CommandRiderView => ({
  riderId,
  outcome: outcome ?? 'waiting',
  reason,
  endedAt: isoOrNull(endedAt),
  rider: outcome === 'done' ? `/v1/riders/${riderId}` : null,
});

/** The rider of an add: how it stands is how the command stands. */
export function addedRider(riderId: number, progress: Progress, endedAt: number | null): CommandRiderRow {
  if (progress.state === 'done') return { riderId, outcome: 'done', reason: null, endedAt };
  if (progress.state === 'failed' || progress.state === 'expired')
    return { riderId, outcome: 'failed', reason: progress.reason, endedAt };
  return { riderId, outcome: null, reason: null, endedAt: null };
}
