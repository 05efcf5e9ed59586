import { z } from '@hono/zod-openapi';
import { type Budget, budgetNames } from '@paceline/shared/definition';
import { listOf, oneOf, pageOf, pageQuery } from '../http/params.ts';
import { found, Problem } from '../http/problem.ts';
import { answers, endpoint, jsonBody } from '../http/route.ts';
import type { BudgetOperation, LimiterPeer } from '../peers.ts';
import { budgetShape, budgetView, type BudgetView, estimatesShape } from './view.ts';

const tags = ['budgets'];
const budget = oneOf(budgetNames);
const params = z.object({ budget });
const responses = answers('The budget as it stands then', budgetShape, 400);
const budgetList = { name: 'budgets', columns: { endpoint: 0 }, key: z.tuple([budget]) };

const longestPauseSeconds = 30 * 86_400;
const pauseBody = z
  .object({
    until: z.iso.datetime('must be a moment, as 2026-03-01T12:00:00Z').optional(),
    forSeconds: z
      .int('must be a whole number of seconds')
      .min(1, 'must be at least 1')
      .max(longestPauseSeconds, `must be at most ${longestPauseSeconds}`)
      .optional(),
  })
  .refine(({ until, forSeconds }) => (until === undefined) !== (forSeconds === undefined), {
    path: ['until'],
    message: 'or forSeconds must be there, and not both',
  })
  .openapi({ example: { forSeconds: 3_600 } });

const policyBody = z
  .object({
    limit: z
      .int('must be a whole number from 1 to 1000')
      .min(1, 'must be at least 1')
      .max(1_000, 'must be at most 1000'),
    windowSeconds: z
      .number('must be a number of seconds')
      .min(1, 'must be at least 1')
      .max(86_400, 'must be at most 86400'),
  })
  .openapi({ example: { limit: 1, windowSeconds: 600 } });

export const budgetRoutes = [
  endpoint('get', '/v1/budgets', 'listBudgets', {
    tags,
    summary: 'Every window with the permits in it, its policy and where it comes from, and who waits',
    request: { query: z.object(pageQuery(budgetList)) },
    responses: answers(
      'The budgets, and how many estimates were kept',
      listOf(budgetShape).extend({ estimates: estimatesShape }),
      400,
    ),
    answer: async (c, { limiter }) => {
      const { limit, cursor } = c.req.valid('query');
      const { windows, estimates } = await limiter.windows();
      const after = windows.findIndex(({ endpoint }) => endpoint === cursor?.[0]) + 1;
      return c.json({ ...pageOf(budgetList, windows.slice(after), limit, budgetView), estimates }, 200);
    },
  }),

  endpoint('get', '/v1/budgets/{budget}', 'getBudget', {
    tags,
    summary: 'One window with the permits in it',
    request: { params },
    responses,
    answer: async (c, { limiter }) => c.json(await budgetNow(limiter, c.req.valid('param').budget), 200),
  }),

  endpoint('put', '/v1/budgets/{budget}/pause', 'pauseBudget', {
    tags,
    summary: 'Let nobody call for a while',
    description: 'Who waits is told until when. What is under way goes on.',
    request: { params, ...jsonBody(pauseBody) },
    responses,
    answer: async (c, { limiter, clock }) => {
      const until = endOfPause(c.req.valid('json'), clock.now());
      return c.json(await operate(limiter, c.req.valid('param').budget, { do: 'pause', until }), 200);
    },
  }),

  endpoint('delete', '/v1/budgets/{budget}/pause', 'resumeBudget', {
    tags,
    summary: 'End a pause before its time',
    description:
      'Of an operator, or with `by=upstream` the one that upstream asked for by a 429: then one call goes ahead alone.',
    request: {
      params,
      query: z.object({
        by: z.enum(['operator', 'upstream'], 'must be operator or upstream').default('operator'),
      }),
    },
    responses,
    answer: async (c, { limiter }) => {
      const operation = { do: c.req.valid('query').by === 'upstream' ? 'release' : 'resume' } as const;
      return c.json(await operate(limiter, c.req.valid('param').budget, operation), 200);
    },
  }),

  endpoint('put', '/v1/budgets/{budget}/policy', 'setBudgetPolicy', {
    tags,
    summary: 'Keep another limit from now on',
    description:
      'Until upstream names a stricter one. A longer window is watched for its whole length first.',
    request: { params, ...jsonBody(policyBody) },
    responses,
    answer: async (c, { limiter }) => {
      const { limit, windowSeconds } = c.req.valid('json');
      const operation = { do: 'set_policy', policy: { limit, windowMs: windowSeconds * 1_000 } } as const;
      return c.json(await operate(limiter, c.req.valid('param').budget, operation), 200);
    },
  }),

  endpoint('delete', '/v1/budgets/{budget}/policy', 'forgetBudgetPolicy', {
    tags,
    summary: 'Forget what was learned or set: the documented limit holds again',
    request: { params },
    responses,
    answer: async (c, { limiter }) =>
      c.json(await operate(limiter, c.req.valid('param').budget, { do: 'forget_policy' }), 200),
  }),
];

/** @returns project ms @throws {Problem} */
function endOfPause({ until, forSeconds = 0 }: z.infer<typeof pauseBody>, now: number): number {
  const end = until === undefined ? now + forSeconds * 1_000 : Date.parse(until);
  if (end > now && end <= now + longestPauseSeconds * 1_000) return Math.ceil(end);
  const message = `must be later than now (${new Date(now).toISOString()}), and within 30 days`;
  throw new Problem('invalid-input', `until ${message}`, { errors: [{ field: 'until', message }] });
}

async function operate(limiter: LimiterPeer, name: Budget, operation: BudgetOperation): Promise<BudgetView> {
  await limiter.operate(name, operation);
  return budgetNow(limiter, name);
}

async function budgetNow(limiter: LimiterPeer, name: Budget): Promise<BudgetView> {
  const { windows } = await limiter.windows();
  const window = windows.find(({ endpoint }) => endpoint === name);
  return budgetView(found(window, `There is no budget ${name}`));
}
