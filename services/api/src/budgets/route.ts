import { z } from '@hono/zod-openapi';
import { type Budget, budgetNames } from '@paceline/shared/definition';
import { listOf, oneOf, pageOf, pageQuery } from '../http/params.ts';
import { found, Problem, problems } from '../http/problem.ts';
import { type AddRoutes, jsonBody, jsonOf, route } from '../http/route.ts';
import type { BudgetOperation, Limiter } from '../peers.ts';
import { budgetShape, budgetView, type BudgetView, promisesShape } from './view.ts';

const tags = ['budgets'];
const budget = oneOf(budgetNames);
const params = z.object({ budget });
const responses = { 200: jsonOf('The budget as it stands then', budgetShape), ...problems(400, 401, 503) };
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

const list = route('get', '/v1/budgets', 'listBudgets', {
  tags,
  summary: 'Every window with the permits in it, its policy and where it comes from, and who waits',
  request: { query: z.object(pageQuery(budgetList)) },
  responses: {
    200: jsonOf(
      'The budgets, and how many promises to waiters were kept',
      listOf(budgetShape).extend({ promises: promisesShape }),
    ),
    ...problems(400, 401, 503),
  },
});

const one = route('get', '/v1/budgets/{budget}', 'getBudget', {
  tags,
  summary: 'One window with the permits in it',
  request: { params },
  responses,
});

const startPause = route('put', '/v1/budgets/{budget}/pause', 'pauseBudget', {
  tags,
  summary: 'Let nobody call for a while',
  description: 'Who waits is told until when. What is under way goes on.',
  request: { params, ...jsonBody(pauseBody) },
  responses,
});

const endPause = route('delete', '/v1/budgets/{budget}/pause', 'resumeBudget', {
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
});

const setPolicy = route('put', '/v1/budgets/{budget}/policy', 'setBudgetPolicy', {
  tags,
  summary: 'Keep another limit from now on',
  description: 'Until upstream names a stricter one. A longer window is watched for its whole length first.',
  request: { params, ...jsonBody(policyBody) },
  responses,
});

const forgetPolicy = route('delete', '/v1/budgets/{budget}/policy', 'forgetBudgetPolicy', {
  tags,
  summary: 'Forget what was learned or set: the documented limit holds again',
  request: { params },
  responses,
});

export const budgetRoutes: AddRoutes = (app, { limiter, clock }) => {
  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const { windows, promises } = await limiter.windows();
    const after = windows.findIndex(({ endpoint }) => endpoint === cursor?.[0]) + 1;
    return c.json({ ...pageOf(budgetList, windows.slice(after), limit, budgetView), promises }, 200);
  });

  app.openapi(one, async (c) => c.json(await budgetNow(limiter, c.req.valid('param').budget), 200));

  app.openapi(startPause, async (c) => {
    const until = endOfPause(c.req.valid('json'), clock.now());
    return c.json(await operate(limiter, c.req.valid('param').budget, { do: 'pause', until }), 200);
  });

  app.openapi(endPause, async (c) => {
    const operation = { do: c.req.valid('query').by === 'upstream' ? 'release' : 'resume' } as const;
    return c.json(await operate(limiter, c.req.valid('param').budget, operation), 200);
  });

  app.openapi(setPolicy, async (c) => {
    const { limit, windowSeconds } = c.req.valid('json');
    const operation = { do: 'set_policy', policy: { limit, windowMs: windowSeconds * 1_000 } } as const;
    return c.json(await operate(limiter, c.req.valid('param').budget, operation), 200);
  });

  app.openapi(forgetPolicy, async (c) =>
    c.json(await operate(limiter, c.req.valid('param').budget, { do: 'forget_policy' }), 200),
  );
};

/** @returns project ms @throws {Problem} */
function endOfPause({ until, forSeconds = 0 }: z.infer<typeof pauseBody>, now: number): number {
  const end = until === undefined ? now + forSeconds * 1_000 : Date.parse(until);
  if (end > now && end <= now + longestPauseSeconds * 1_000) return Math.ceil(end);
  const message = `must be later than now (${new Date(now).toISOString()}), and within 30 days`;
  throw new Problem('invalid-input', `until ${message}`, { errors: [{ field: 'until', message }] });
}

async function operate(limiter: Limiter, name: Budget, operation: BudgetOperation): Promise<BudgetView> {
  await limiter.operate(name, operation);
  return budgetNow(limiter, name);
}

async function budgetNow(limiter: Limiter, name: Budget): Promise<BudgetView> {
  const { windows } = await limiter.windows();
  const window = windows.find(({ endpoint }) => endpoint === name);
  return budgetView(found(window, `There is no budget ${name}`));
}
