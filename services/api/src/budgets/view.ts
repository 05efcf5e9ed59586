import { z } from '@hono/zod-openapi';
import { budgetNames, laneNames } from '@paceline/shared/definition';
import { attribution, type WindowView } from '@paceline/shared/contracts';
import { iso, isoOrNull, isoTimes, time } from '../http/view.ts';

const policyFields = {
  limit: z.int().describe('Calls in any stretch of `windowSeconds`'),
  windowSeconds: z.number(),
};

export const budgetShape = z
  .object({
    budget: z.enum(budgetNames),
    policy: z.object({
      ...policyFields,
      from: z.enum(['documented', 'upstream', 'operator']).describe('By whose word it is kept'),
      since: time.nullable().describe('null: always'),
    }),
    documented: z.object(policyFields).describe('What the vendor documents'),
    permits: z
      .array(
        z.object({
          permit: z.string(),
          lane: z.enum(laneNames),
          startedAt: time,
          settled: z.boolean().describe('false: its call may still be under way'),
          leavesAt: time.describe('When it counts no more, at the latest'),
        }),
      )
      .describe('The calls that count now'),
    available: z.int().describe('Calls that could be made now'),
    freeAt: time.nullable().describe('When the next call becomes free; null: one is free now'),
    pausedUntil: z.object({ upstream: time.nullable(), operator: time.nullable() }),
    probing: z.boolean().describe('After a 429 one call goes ahead alone'),
    unknownUntil: time
      .nullable()
      .describe('Calls that are not remembered may count until then, so nobody calls'),
    waiting: z.object({
      count: z.int(),
      next: z
        .array(
          z.object({ ticket: z.string(), lane: z.enum(laneNames), requestedAt: time, estimatedAt: time }),
        )
        .describe('The first ones, in the order in which they go'),
    }),
    lastRejected: z
      .object({ at: time, attribution })
      .nullable()
      .describe('The last 429 and whose doing it was'),
  })
  .openapi('Budget');
export type BudgetView = z.infer<typeof budgetShape>;

export const estimatesShape = z.object({ kept: z.int(), missed: z.int() });

export function budgetView({ endpoint, policy, documented, waiting, ...window }: WindowView): BudgetView {
  return {
    budget: endpoint,
    policy: {
      limit: policy.limit,
      windowSeconds: policy.windowMs / 1_000,
      from: policy.from,
      since: isoOrNull(policy.since),
    },
    documented: { limit: documented.limit, windowSeconds: documented.windowMs / 1_000 },
    permits: window.permits.map((permit) => ({ ...permit, ...isoTimes(permit, 'startedAt', 'leavesAt') })),
    available: window.available,
    ...isoTimes(window, 'freeAt', 'unknownUntil'),
    pausedUntil: isoTimes(window.pausedUntil, 'upstream', 'operator'),
    probing: window.probing,
    waiting: {
      count: waiting.count,
      next: waiting.next.map((ticket) => ({ ...ticket, ...isoTimes(ticket, 'requestedAt', 'estimatedAt') })),
    },
    lastRejected: window.lastRejected && { ...window.lastRejected, at: iso(window.lastRejected.at) },
  };
}
