import { z } from '@hono/zod-openapi';
import { keyText, listOf, pageOf, pageQuery } from '../http/params.ts';
import { endOfPause, pauseBody } from '../http/pause.ts';
import { requireFound } from '../http/problem.ts';
import { jsonResponses, endpoint, jsonBody, type Services } from '../http/route.ts';
import type { BudgetOperation } from '../peers.ts';
import { findBudget } from './accounts.ts';
import { upstreamRoutes } from './upstreams.ts';
import { budgetShape, budgetView, type BudgetView, estimatesShape, sum } from './view.ts';

const tags = ['budgets'];
const params = z.object({
  budget: z.string().openapi({ description: 'As listed by GET /v1/budgets', example: 'signups' }),
});
const responses = jsonResponses('The budget', budgetShape, 400);
const budgetList = { name: 'budgets', columns: { budget: 0 }, key: z.tuple([keyText]) };

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
  ...upstreamRoutes,

  endpoint('get', '/v1/budgets', 'listBudgets', {
    tags,
    summary: 'List all budgets: policy, window, permits and queue',
    request: { query: z.object(pageQuery(budgetList)) },
    responses: jsonResponses(
      'The budgets, and how many estimates were kept',
      listOf(budgetShape).extend({ estimates: estimatesShape }),
      400,
    ),
    handler: async (c, { accounts }) => {
      const { limit, cursor } = c.req.valid('query');
      const known = await Promise.all(
        accounts.map(async ({ upstream, limiter }) => {
          const { windows, estimates } = await limiter.windows();
          return { budgets: windows.map((window) => budgetView(upstream, window)), estimates };
        }),
      );
      const budgets = known.flatMap((each) => each.budgets);
      const after = budgets.findIndex(({ budget }) => budget === cursor?.[0]) + 1;
      const estimates = {
        kept: sum(known, (each) => each.estimates.kept),
        missed: sum(known, (each) => each.estimates.missed),
      };
      return c.json({ ...pageOf(budgetList, budgets.slice(after), limit, (each) => each), estimates }, 200);
    },
  }),

  endpoint('get', '/v1/budgets/{budget}', 'getBudget', {
    tags,
    summary: 'Get a budget: policy, window, permits and queue',
    request: { params },
    responses,
    handler: async (c, services) => c.json(await budgetNow(services, c.req.valid('param').budget), 200),
  }),

  endpoint('put', '/v1/budgets/{budget}/pause', 'pauseBudget', {
    tags,
    summary: 'Pause all calls of a budget',
    description: 'Waiting requests get a new estimate. Calls that have started finish normally.',
    request: { params, ...jsonBody(pauseBody) },
    responses,
    handler: async (c, services) => {
      const until = endOfPause(c.req.valid('json'), services.clock.now());
      return c.json(await operate(services, c.req.valid('param').budget, { do: 'pause', until }), 200);
    },
  }),

  endpoint('delete', '/v1/budgets/{budget}/pause', 'resumeBudget', {
    tags,
    summary: 'End a pause early',
    description:
      "Ends the operator's pause, or with `by=upstream` the pause after a 429 from upstream. After a 429 a single call is made first.",
    request: {
      params,
      query: z.object({
        by: z.enum(['operator', 'upstream'], 'must be operator or upstream').default('operator'),
      }),
    },
    responses,
    handler: async (c, services) => {
      const operation = { do: c.req.valid('query').by === 'upstream' ? 'release' : 'resume' } as const;
      return c.json(await operate(services, c.req.valid('param').budget, operation), 200);
    },
  }),

  endpoint('put', '/v1/budgets/{budget}/policy', 'setBudgetPolicy', {
    tags,
    summary: 'Set the limit of a budget',
    description:
      'Applies until upstream reports a stricter one. With a longer window, no calls are made until one such window has passed.',
    request: { params, ...jsonBody(policyBody) },
    responses,
    handler: async (c, services) => {
      const { limit, windowSeconds } = c.req.valid('json');
      const operation = { do: 'set_policy', policy: { limit, windowMs: windowSeconds * 1_000 } } as const;
      return c.json(await operate(services, c.req.valid('param').budget, operation), 200);
    },
  }),

  endpoint('delete', '/v1/budgets/{budget}/policy', 'forgetBudgetPolicy', {
    tags,
    summary: 'Reset the limit of a budget to the documented one',
    request: { params },
    responses,
    handler: async (c, services) =>
      c.json(await operate(services, c.req.valid('param').budget, { do: 'forget_policy' }), 200),
  }),
];

async function operate(services: Services, id: string, operation: BudgetOperation): Promise<BudgetView> {
  const { limiter, budget } = findBudget(services.accounts, id);
  await limiter.operate(budget, operation);
  return budgetNow(services, id);
}

async function budgetNow({ accounts }: Services, id: string): Promise<BudgetView> {
  const { upstream, limiter, budget } = findBudget(accounts, id);
  const { windows } = await limiter.windows();
  const window = windows.find(({ endpoint }) => endpoint === budget);
  return budgetView(upstream, requireFound(window, `Budget ${id} does not exist`));
}
