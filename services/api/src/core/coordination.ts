import { budgetNames, laneNames } from '@paceline/shared/definition';
import { type Coordination } from '@paceline/shared/contracts';
import { z } from 'zod';
import { type SourceRow, sourceStatesShape, sourceStatesView } from './source.ts';
import { iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

const usage = z.object({
  used: z.int().describe('Calls that count against the window now'),
  available: z.int().describe('Calls that could be made now'),
  resetAt: time.nullable().describe('When the next call becomes free; null: one is free now'),
});

/** How full the windows are, who stood in whose way, and who waits. */
export const coordinationShape = z.object({
  rateLimitUsage: z.object({
    clubs: usage,
    riders_bulk: usage,
    riders_single: usage,
    results: usage,
    events: usage,
    signups: usage,
  }),
  conflicts: z.object({
    count: z.int(),
    lastConflict: z
      .object({
        type: z.enum(laneNames).describe('The lane that was in the way'),
        timestamp: time,
        blocked: z.enum(laneNames).describe('The lane that had to wait'),
        endpoint: z.enum(budgetNames),
      })
      .nullable(),
  }),
  queue: z.object({
    pending: z.int(),
    avgWaitTime: z
      .number()
      .describe('Project ms, of those who wait and of those granted within the last hour'),
    maxWaitTime: z.number().describe('Project ms'),
  }),
  sources: sourceStatesShape
    .nullable()
    .describe('Which sources upstream gives us (see /v1/sources); null: the database does not answer'),
});
export type CoordinationView = z.infer<typeof coordinationShape>;

export function coordinationView(
  { rateLimitUsage, conflicts, queue }: Coordination,
  sources: readonly SourceRow[] | null,
): CoordinationView {
  const { count, lastConflict: last } = conflicts;
  const shown = budgetNames.map((budget) => {
    const { used, available, resetAt } = rateLimitUsage[budget];
    return [budget, { used, available, resetAt: isoOrNull(resetAt) }] as const;
  });
  return {
    rateLimitUsage: Object.fromEntries(shown) as CoordinationView['rateLimitUsage'],
    conflicts: {
      count,
      lastConflict: last && {
        type: last.blockedBy,
        timestamp: iso(last.at),
        blocked: last.lane,
        endpoint: last.endpoint,
      },
    },
    queue,
    sources: sources && sourceStatesView(sources),
  };
}
