import { budgetNames, laneNames } from '@paceline/shared/definition';
import { type WindowView } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso } from './times.ts';

const time = z.iso.datetime();

/** Everybody who waits for a permit now. */
export const queueShape = z.object({
  at: time,
  waiting: z.int().describe('How many wait in all'),
  budgets: z.array(
    z.object({
      budget: z.enum(budgetNames),
      waiting: z.int(),
      lanes: z
        .array(z.object({ lane: z.enum(laneNames), waiting: z.int() }))
        .describe('Those in which somebody waits'),
      tickets: z
        .array(
          z.object({
            ticket: z.string(),
            position: z.int().describe('1 is next'),
            lane: z.enum(laneNames),
            firstAskedAt: time,
            waitedSeconds: z.int(),
            expectedAt: time,
          }),
        )
        .describe('In the order in which they go, a thousand at the most'),
    }),
  ),
});
type QueueView = z.infer<typeof queueShape>;

export function queueView(windows: readonly WindowView[], now: number): QueueView {
  return {
    at: iso(now),
    waiting: windows.reduce((sum, { waiting }) => sum + waiting.count, 0),
    budgets: windows.map(({ endpoint, waiting: { count, next } }) => ({
      budget: endpoint,
      waiting: count,
      lanes: laneNames
        .map((lane) => ({ lane, waiting: next.filter((ticket) => ticket.lane === lane).length }))
        .filter(({ waiting }) => waiting > 0),
      tickets: next.map(({ ticket, lane, firstAskedAt, estimatedAt }, index) => ({
        ticket,
        position: index + 1,
        lane,
        firstAskedAt: iso(firstAskedAt),
        waitedSeconds: Math.max(0, Math.floor((now - firstAskedAt) / 1_000)),
        expectedAt: iso(estimatedAt),
      })),
    })),
  };
}
