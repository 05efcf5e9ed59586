import { type Budget, budgetNames, type Lane, laneNames } from '@paceline/shared/definition';
import { z } from 'zod';
import { iso } from './times.ts';

/** One sync waits because of another. */
export const conflictShape = z.object({
  at: z.iso.datetime(),
  budget: z.enum(budgetNames),
  blocked: z.enum(laneNames).describe('The lane that has to wait'),
  blockedBy: z.enum(laneNames).describe('The lane that is in the way'),
  expectedWaitSeconds: z.number(),
});

export interface ConflictRow {
  readonly at: number;
  readonly sequence: number;
  readonly budget: Budget;
  readonly blocked: Lane;
  readonly blockedBy: Lane;
  readonly expectedWaitMs: number;
}

export const conflictView = ({
  at,
  budget,
  blocked,
  blockedBy,
  expectedWaitMs,
}: Omit<ConflictRow, 'sequence'>): z.infer<typeof conflictShape> => ({
  at: iso(at),
  budget,
  blocked,
  blockedBy,
  expectedWaitSeconds: expectedWaitMs / 1_000,
});
