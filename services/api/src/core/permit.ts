import { budgetNames, laneNames } from '@paceline/shared/definition';
import { outcome } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

/** A permit that was started: one call, or the right to one that was given back. */
export const permitShape = z.object({
  permit: z.string(),
  budget: z.enum(budgetNames),
  lane: z.enum(laneNames),
  startedAt: time,
  endedAt: time.nullable().describe('null: its end was not heard of (yet)'),
  result: outcome.shape.result.nullable().describe('`not_sent`: it was given back, and cost nothing'),
  status: z.int().nullable().describe('HTTP status of the answer; 429: it was rejected'),
});

export interface PermitRow extends Omit<z.infer<typeof permitShape>, 'startedAt' | 'endedAt'> {
  readonly startedAt: number;
  readonly endedAt: number | null;
}

export const permitView = ({ startedAt, endedAt, ...permit }: PermitRow): z.infer<typeof permitShape> => ({
  ...permit,
  startedAt: iso(startedAt),
  endedAt: isoOrNull(endedAt),
});
