import { z } from '@hono/zod-openapi';
import { attribution, fullName, type Policy, type WindowView } from '@paceline/shared/contracts';
import type { Upstream } from '@paceline/shared/upstreams';
import { iso, isoOrNull, isoTimes, time } from '../http/view.ts';

const policyFields = {
  limit: z.int().describe('Max calls within any `windowSeconds`'),
  windowSeconds: z.number(),
};

export const budgetShape = z
  .object({
    budget: z.string().describe('`signups`; of another upstream `weather:day`'),
    upstream: z.string(),
    label: z.string().describe('Its name for people'),
    policy: z.object({
      ...policyFields,
      from: z.enum(['documented', 'upstream', 'operator']).describe('Source of the limit'),
      since: time.nullable().describe('null: since the start'),
    }),
    documented: z.object(policyFields).describe('The limit in the documentation of upstream'),
    advertised: z
      .object(policyFields)
      .nullable()
      .describe("The last limit in upstream's headers, which only make `policy` stricter; null: none"),
    permits: z
      .array(
        z.object({
          permitId: z.string(),
          lane: z.string(),
          startedAt: time,
          settled: z.boolean().describe('false: the call may still be in progress'),
          leavesAt: time.describe('When it stops counting, at the latest'),
        }),
      )
      .describe('The calls in the current window'),
    used: z.int().describe('Calls that count now, those of other programs with the same key included'),
    earlier: z
      .array(z.object({ at: time, lane: z.string(), calls: z.int() }))
      .describe('Calls that count but are too many for `permits`, by lane and about when they started'),
    foreign: z
      .object({
        since: time.describe('When this use was first seen'),
        lastAt: time,
        calls: z.array(z.object({ calls: z.int(), leavesAt: time })).describe('By when they stop counting'),
      })
      .nullable()
      .describe('Calls of other programs with the same key; null: none seen'),
    reserve: z.int().describe('Calls of a window that only forced lanes can use'),
    aligned: z
      .object({
        from: time,
        until: time,
        pace: z
          .int()
          .nullable()
          .describe('How many calls it may hold now for lanes that are not forced; null: not paced'),
      })
      .nullable()
      .describe('The current window, if upstream resets it at fixed times; null: it slides'),
    available: z.int().describe('Calls possible now'),
    freeAt: time.nullable().describe('When the next call is possible; null: now'),
    pausedUntil: z.object({ upstream: time.nullable(), operator: time.nullable() }),
    probing: z.boolean().describe('true: after a 429, a single call is made first'),
    unknownUntil: time
      .nullable()
      .describe('Until then the window may contain unrecorded calls, so no calls are made'),
    waiting: z.object({
      count: z
        .int()
        .describe('Of several budgets that a call counts in, it waits for the one that is free last'),
      requests: z
        .array(z.object({ requestId: z.string(), lane: z.string(), requestedAt: time, estimatedAt: time }))
        .describe('The first requests in the queue, in order'),
    }),
    lastRejected: z
      .object({ at: time, attribution })
      .nullable()
      .describe('The last 429 and its likely cause'),
  })
  .openapi('Budget');
export type BudgetView = z.infer<typeof budgetShape>;

export const estimatesShape = z.object({ kept: z.int(), missed: z.int() });

const limitView = ({ limit, windowMs }: Policy) => ({ limit, windowSeconds: windowMs / 1_000 });

/** What a budget is called: by its upstream, or by its name if the file no longer has it. */
export const budgetLabel = ({ budgets }: Upstream, budget: string): string =>
  budgets[budget]?.label ?? budget;

export function budgetView(upstream: Upstream, view: WindowView): BudgetView {
  const {
    endpoint,
    policy,
    documented,
    advertised,
    waiting,
    earlier = [],
    foreign,
    aligned,
    ...window
  } = view;
  return {
    budget: fullName(upstream.name, endpoint),
    upstream: upstream.name,
    label: budgetLabel(upstream, endpoint),
    policy: { ...limitView(policy), from: policy.from, since: isoOrNull(policy.since) },
    documented: limitView(documented),
    advertised: advertised ? limitView(advertised) : null,
    permits: window.permits.map(({ permit: permitId, lane, settled, ...times }) => ({
      permitId,
      lane,
      settled,
      ...isoTimes(times, 'startedAt', 'leavesAt'),
    })),
    used: window.permits.length + sum([...earlier, ...(foreign?.calls ?? [])], ({ calls }) => calls),
    earlier: earlier.map(({ at, lane, calls }) => ({ at: iso(at), lane, calls })),
    foreign: foreign
      ? {
          ...isoTimes(foreign, 'since', 'lastAt'),
          calls: foreign.calls.map(({ calls, leavesAt }) => ({ calls, leavesAt: iso(leavesAt) })),
        }
      : null,
    reserve: upstream.budgets[endpoint]?.reserve ?? 0,
    aligned: aligned ? { ...isoTimes(aligned, 'from', 'until'), pace: aligned.pace ?? null } : null,
    available: window.available,
    ...isoTimes(window, 'freeAt', 'unknownUntil'),
    pausedUntil: isoTimes(window.pausedUntil, 'upstream', 'operator'),
    probing: window.probing,
    waiting: {
      count: waiting.count,
      requests: waiting.next.map(({ ticket: requestId, lane, ...times }) => ({
        requestId,
        lane,
        ...isoTimes(times, 'requestedAt', 'estimatedAt'),
      })),
    },
    lastRejected: window.lastRejected && { ...window.lastRejected, at: iso(window.lastRejected.at) },
  };
}

export const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);
