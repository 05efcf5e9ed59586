import { z } from '@hono/zod-openapi';
import {
  type Conflict,
  type Coordination,
  fullName,
  upstreamOf,
  type WindowView,
} from '@paceline/shared/contracts';
import type { Upstream } from '@paceline/shared/upstreams';
import type { FindUpstream } from '../budgets/accounts.ts';
import { budgetLabel, sum } from '../budgets/view.ts';
import { ageSeconds, iso, isoOrNull, type RowOf, time } from '../http/view.ts';
import { type SourceRow, sourceStatesShape, sourceStatesView } from '../sources/view.ts';

export const conflictShape = z
  .object({
    at: time,
    upstream: z.string(),
    budget: z.string().describe('The one that the delayed request waits for'),
    blocked: z.string().describe('The delayed lane'),
    blockedBy: z.string().describe('The lane that goes first'),
    expectedWaitSeconds: z.number(),
  })
  .openapi('Conflict');

type ConflictView = z.infer<typeof conflictShape>;
type ConflictData = Omit<RowOf<ConflictView, 'at'>, 'upstream' | 'expectedWaitSeconds'> & {
  readonly account: string;
  readonly expectedWaitMs: number;
};

export const conflictView = (conflict: ConflictData): ConflictView => ({
  at: iso(conflict.at),
  upstream: upstreamOf(conflict.account),
  budget: fullName(upstreamOf(conflict.account), conflict.budget),
  blocked: conflict.blocked,
  blockedBy: conflict.blockedBy,
  expectedWaitSeconds: conflict.expectedWaitMs / 1_000,
});

/** A conflict as the limiter reports it. */
export const reportedConflict = ({
  endpoint,
  budget = endpoint,
  lane,
  ...conflict
}: Conflict): ConflictData => ({
  ...conflict,
  budget,
  blocked: lane,
});

const usage = z.object({
  used: z.int().describe('Calls in the current window'),
  available: z.int().describe('Calls possible now'),
  freeAt: time.nullable().describe('When the next call is possible; null: now'),
});

export const coordinationShape = z
  .object({
    rateLimitUsage: z.record(z.string(), usage).describe('By budget'),
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

/** An upstream, and what the limiter says about its account. */
interface Known {
  readonly upstream: Upstream;
  readonly status: Coordination;
}

/** Of all accounts together. */
export function coordinationView(
  known: readonly Known[],
  sources: readonly SourceRow[] | null,
): z.infer<typeof coordinationShape> {
  const statuses = known.map(({ status }) => status);
  const [last] = statuses
    .flatMap(({ conflicts }) => conflicts.lastConflict ?? [])
    .toSorted((one, other) => other.at - one.at);
  const counted = sum(statuses, ({ queue }) => countedIn(queue));
  const waited = sum(statuses, ({ queue }) => countedIn(queue) * queue.avgWaitTime);
  return {
    rateLimitUsage: Object.fromEntries(known.flatMap(usageOf)),
    conflicts: {
      count: sum(statuses, ({ conflicts }) => conflicts.count),
      lastConflict: last ? conflictView(reportedConflict(last)) : null,
    },
    queue: {
      pending: sum(statuses, ({ queue }) => queue.pending),
      avgWaitSeconds: counted === 0 ? 0 : waited / counted / 1_000,
      maxWaitSeconds: Math.max(...statuses.map(({ queue }) => queue.maxWaitTime)) / 1_000,
    },
    sources: sources && sourceStatesView(sources),
  };
}

const usageOf = ({ upstream, status }: Known) =>
  Object.entries(status.rateLimitUsage).map(
    ([budget, { used, available, resetAt }]) =>
      [fullName(upstream.name, budget), { used, available, freeAt: isoOrNull(resetAt) }] as const,
  );

/** How many requests an average wait is of. */
const countedIn = ({ counted, pending }: Coordination['queue']): number => counted ?? pending;

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
  return { at: iso(now), waiting: sum(budgets, ({ waiting }) => waiting), budgets };
};

const queueOf = (
  upstream: Upstream,
  { endpoint, waiting: { count, lanes, next } }: WindowView,
  now: number,
): z.infer<typeof queueShape>['budgets'][number] => ({
  budget: fullName(upstream.name, endpoint),
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

/** What a call is, and what it counts against. */
export const callFields = {
  upstream: z.string(),
  endpoint: z.string().describe('As listed by GET /v1/upstreams'),
  budgets: z.array(z.string()).describe('The budgets in which it counts'),
};

export function callView(find: FindUpstream, account: string, endpoint: string) {
  const upstream = upstreamOf(account);
  // None of an endpoint that the upstream's file no longer has.
  const budgets = find(account)?.endpoints[endpoint]?.budgets ?? [];
  return { upstream, endpoint, budgets: budgets.map((budget) => fullName(upstream, budget)) };
}

export const permitShape = z
  .object({
    permitId: z.string(),
    ...callFields,
    lane: z.string(),
    target: z.string().describe('What the call is about: a club, rider or event, or the ids in its path'),
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
type PermitData = Omit<
  RowOf<PermitView, 'startedAt' | 'freshUntil'>,
  'upstream' | 'budgets' | 'finishedAt' | 'result'
> & {
  readonly account: string;
  readonly durationMs: number | null;
};

export const permitView =
  (find: FindUpstream) =>
  ({ permitId, account, endpoint, freshUntil, startedAt, durationMs, ...call }: PermitData): PermitView => ({
    permitId,
    ...callView(find, account, endpoint),
    ...call,
    freshUntil: isoOrNull(freshUntil),
    startedAt: iso(startedAt),
    finishedAt: durationMs === null ? null : iso(startedAt + durationMs),
    result: durationMs === null ? null : call.status === null ? 'unanswered' : 'answered',
  });
