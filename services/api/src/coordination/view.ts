import { z } from '@hono/zod-openapi';
import { mapValues } from '@paceline/shared/definition';
import type { Coordination, WindowView } from '@paceline/shared/contracts';
import type { Upstream } from '@paceline/shared/upstreams';
import { budgetId, budgetLabel, endpointId } from '../budgets/view.ts';
import { ageSeconds, iso, isoOrNull, type RowOf, time } from '../http/view.ts';
import { type SourceRow, sourceStatesShape, sourceStatesView } from '../sources/view.ts';

export const conflictShape = z
  .object({
    at: time,
    budget: z.string().describe('`signups`; of another upstream the endpoint of the calls, `weather:read`'),
    blocked: z.string().describe('The delayed lane'),
    blockedBy: z.string().describe('The lane that goes first'),
    expectedWaitSeconds: z.number(),
  })
  .openapi('Conflict');

type ConflictView = z.infer<typeof conflictShape>;
type ConflictData = Omit<RowOf<ConflictView, 'at'>, 'expectedWaitSeconds'> & {
  readonly account: string;
  readonly expectedWaitMs: number;
};

export const conflictView = (conflict: ConflictData): ConflictView => ({
  at: iso(conflict.at),
  budget: endpointId(conflict.account, conflict.budget),
  blocked: conflict.blocked,
  blockedBy: conflict.blockedBy,
  expectedWaitSeconds: conflict.expectedWaitMs / 1_000,
});

const usage = z.object({
  used: z.int().describe('Calls in the current window'),
  available: z.int().describe('Calls possible now'),
  freeAt: time.nullable().describe('When the next call is possible; null: now'),
});

export const coordinationShape = z
  .object({
    rateLimitUsage: z.record(z.string(), usage),
    conflicts: z.object({
      count: z.int(),
      lastConflict: z.object(conflictShape.shape).nullable(),
    }),
    queue: z.object({
      pending: z.int(),
      avgWaitSeconds: z.number().describe('Over waiting requests and those granted within the last hour'),
      maxWaitSeconds: z.number(),
    }),
    sources: sourceStatesShape
      .nullable()
      .describe('Availability of each data source (see /v1/sources); null: the database does not answer'),
  })
  .openapi('Coordination');

export function coordinationView(
  { rateLimitUsage, conflicts, queue }: Coordination,
  sources: readonly SourceRow[] | null,
): z.infer<typeof coordinationShape> {
  const { count, lastConflict: last } = conflicts;
  return {
    rateLimitUsage: mapValues(rateLimitUsage, ({ used, available, resetAt }) => ({
      used,
      available,
      freeAt: isoOrNull(resetAt),
    })),
    conflicts: {
      count,
      lastConflict: last && conflictView({ ...last, budget: last.endpoint, blocked: last.lane }),
    },
    queue: {
      pending: queue.pending,
      avgWaitSeconds: queue.avgWaitTime / 1_000,
      maxWaitSeconds: queue.maxWaitTime / 1_000,
    },
    sources: sources && sourceStatesView(sources),
  };
}

export const queueShape = z
  .object({
    at: time,
    waiting: z.int().describe('Waiting requests in total'),
    budgets: z.array(
      z.object({
        budget: z.string(),
        upstream: z.string(),
        label: z.string().describe('Its name for people'),
        waiting: z.int(),
        lanes: z
          .array(z.object({ lane: z.string(), waiting: z.int() }))
          .describe('The lanes with waiting requests'),
        requests: z
          .array(
            z.object({
              requestId: z.string(),
              position: z.int().describe('1 is next'),
              lane: z.string(),
              requestedAt: time,
              waitedSeconds: z.int(),
              estimatedAt: time,
            }),
          )
          .describe('The waiting requests in order, max 1000'),
      }),
    ),
  })
  .openapi('Queue');

export const queueView = (
  accounts: ReadonlyArray<{ readonly upstream: Upstream; readonly windows: readonly WindowView[] }>,
  now: number,
): z.infer<typeof queueShape> => {
  const budgets = accounts.flatMap(({ upstream, windows }) =>
    windows.map((window) => queueOf(upstream, window, now)),
  );
  return { at: iso(now), waiting: budgets.reduce((sum, { waiting }) => sum + waiting, 0), budgets };
};

const queueOf = (
  upstream: Upstream,
  { endpoint, waiting: { count, lanes, next } }: WindowView,
  now: number,
): z.infer<typeof queueShape>['budgets'][number] => ({
  budget: budgetId(upstream, endpoint),
  upstream: upstream.name,
  label: budgetLabel(upstream, endpoint),
  waiting: count,
  lanes: Object.keys(upstream.lanes)
    .map((lane) => ({ lane, waiting: lanes?.find((each) => each.lane === lane)?.count ?? 0 }))
    .filter(({ waiting }) => waiting > 0),
  requests: next.map(({ ticket: requestId, lane, requestedAt, estimatedAt }, index) => ({
    requestId,
    position: index + 1,
    lane,
    requestedAt: iso(requestedAt),
    waitedSeconds: ageSeconds(requestedAt, now),
    estimatedAt: iso(estimatedAt),
  })),
});

export const permitShape = z
  .object({
    permitId: z.string(),
    budget: z.string().describe('`signups`; of another upstream the endpoint of the call, `weather:read`'),
    lane: z.string(),
    target: z.string().describe('The requested club, rider or event'),
    program: z.string().nullable().describe('The program that made the call; null: a sync'),
    reason: z.string().nullable().describe('Why this call was chosen; null: no choice was needed'),
    freshUntil: time
      .nullable()
      .describe(
        'Until when its answer meets the freshness goals, as known when it was chosen; null: no goal',
      ),
    startedAt: time,
    finishedAt: time.nullable().describe('null: not recorded (yet)'),
    result: z
      .enum(['answered', 'unanswered'])
      .nullable()
      .describe('null: not recorded (yet). A permit that was returned unused is not listed'),
    status: z.int().nullable().describe('HTTP status of the response'),
  })
  .openapi('Permit');
type PermitView = z.infer<typeof permitShape>;
type PermitData = Omit<RowOf<PermitView, 'startedAt' | 'freshUntil'>, 'budget' | 'finishedAt' | 'result'> & {
  readonly account: string;
  readonly endpoint: string;
  readonly durationMs: number | null;
};

export const permitView = ({
  permitId,
  account,
  endpoint,
  startedAt,
  freshUntil,
  durationMs,
  status,
  ...permit
}: PermitData): PermitView => ({
  permitId,
  budget: endpointId(account, endpoint),
  ...permit,
  freshUntil: isoOrNull(freshUntil),
  startedAt: iso(startedAt),
  finishedAt: durationMs === null ? null : iso(startedAt + durationMs),
  result: durationMs === null ? null : status === null ? 'unanswered' : 'answered',
  status,
});
