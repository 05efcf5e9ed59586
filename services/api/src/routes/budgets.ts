import { type Budget, budgetNames } from '@paceline/shared/definition';
import { createRoute, z } from '@hono/zod-openapi';
import type { Budgets, Deed } from '../adapters/budgets.ts';
import { budgetView, type BudgetView, promisesShape } from '../core/budget.ts';
import { pageOf } from '../core/page.ts';
import { Budget as BudgetSchema } from '../http/components.ts';
import { listOf, pageQuery } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const tags = ['budgets'];
const budget = z.enum(budgetNames, `must be one of ${budgetNames.join(', ')}`);
const params = z.object({ budget });
const answer = {
  200: {
    description: 'The budget as it stands then',
    content: { 'application/json': { schema: BudgetSchema } },
  },
  ...problems(400, 401, 503),
};
const json = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

const longestPauseSeconds = 30 * 86_400;
const pause = z
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

const policy = z
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

const list = createRoute({
  method: 'get',
  path: '/v1/budgets',
  operationId: 'listBudgets',
  tags,
  summary: 'Every window with the permits in it, its policy and where it comes from, and who waits',
  request: { query: z.object(pageQuery('budgets', z.tuple([budget]))) },
  responses: {
    200: {
      description: 'The budgetNames, and how many promises to waiters were kept',
      content: { 'application/json': { schema: listOf(BudgetSchema).extend({ promises: promisesShape }) } },
    },
    ...problems(400, 401, 503),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/budgets/{budget}',
  operationId: 'getBudget',
  tags,
  summary: 'One window with the permits in it',
  request: { params },
  responses: answer,
});

const startPause = createRoute({
  method: 'put',
  path: '/v1/budgets/{budget}/pause',
  operationId: 'pauseBudget',
  tags,
  summary: 'Let nobody call for a while',
  description: 'Who waits is told until when. What is under way goes on.',
  request: { params, ...json(pause) },
  responses: answer,
});

const endPause = createRoute({
  method: 'delete',
  path: '/v1/budgets/{budget}/pause',
  operationId: 'resumeBudget',
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
  responses: answer,
});

const setPolicy = createRoute({
  method: 'put',
  path: '/v1/budgets/{budget}/policy',
  operationId: 'setBudgetPolicy',
  tags,
  summary: 'Keep another limit from now on',
  description: 'Until upstream names a stricter one. A longer window is watched for its whole length first.',
  request: { params, ...json(policy) },
  responses: answer,
});

const forgetPolicy = createRoute({
  method: 'delete',
  path: '/v1/budgets/{budget}/policy',
  operationId: 'forgetBudgetPolicy',
  tags,
  summary: 'Forget what was learned or set: the documented limit holds again',
  request: { params },
  responses: answer,
});

export const budgetRoutes: AddRoutes = (app, { budgets: kept, clock }) => {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { windows, promises } = await kept.windows();
    const after = windows.findIndex(({ endpoint }) => endpoint === cursor?.[0]) + 1;
    const page = windows.slice(after, after + limit + 1);
    return c.json(
      { ...pageOf('budgets', page, limit, budgetView, ({ endpoint }) => [endpoint]), promises },
      200,
    );
  });

  app.openapi(one, async (c) => c.json(await budgetNow(kept, c.req.valid('param').budget), 200));

  app.openapi(startPause, async (c) => {
    const { until, forSeconds } = c.req.valid('json');
    const now = clock.now();
    const moment = until === undefined ? now + (forSeconds ?? 0) * 1_000 : Date.parse(until);
    if (moment <= now || moment > now + longestPauseSeconds * 1_000) {
      const message = `must be later than now (${new Date(now).toISOString()}), and within 30 days`;
      throw new Problem('invalid-input', `until ${message}`, { errors: [{ field: 'until', message }] });
    }
    const deed = { do: 'pause', until: Math.ceil(moment) } as const;
    return c.json(await doTo(kept, c.req.valid('param').budget, deed), 200);
  });

  app.openapi(endPause, async (c) => {
    const deed = { do: c.req.valid('query').by === 'upstream' ? 'release' : 'resume' } as const;
    return c.json(await doTo(kept, c.req.valid('param').budget, deed), 200);
  });

  app.openapi(setPolicy, async (c) => {
    const { limit, windowSeconds } = c.req.valid('json');
    const deed = { do: 'set_policy', policy: { limit, windowMs: windowSeconds * 1_000 } } as const;
    return c.json(await doTo(kept, c.req.valid('param').budget, deed), 200);
  });

  app.openapi(forgetPolicy, async (c) =>
    c.json(await doTo(kept, c.req.valid('param').budget, { do: 'forget_policy' }), 200),
  );
};

async function doTo(kept: Budgets, endpoint: Budget, deed: Deed): Promise<BudgetView> {
  await kept.operate(endpoint, deed);
  return budgetNow(kept, endpoint);
}

async function budgetNow(kept: Budgets, endpoint: Budget): Promise<BudgetView> {
  const { windows } = await kept.windows();
  const window = windows.find((each) => each.endpoint === endpoint);
  if (!window) throw new Problem('not-found', `There is no budget ${endpoint}`);
  return budgetView(window);
}
