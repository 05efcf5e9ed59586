import { z } from '@hono/zod-openapi';
import { fullName } from '@paceline/shared/contracts';
import { colors } from '@paceline/shared/definition';
import type { Upstream } from '@paceline/shared/upstreams';
import { keyText, listOf, pageOf, pageQuery } from '../http/params.ts';
import { endpoint, jsonResponses } from '../http/route.ts';
import { budgetLabel } from './view.ts';

const upstreamShape = z
  .object({
    upstream: z.string(),
    label: z.string().describe('Its name for people'),
    lanes: z
      .array(
        z.object({
          lane: z.string(),
          label: z.string(),
          color: z.enum(colors),
          forced: z.boolean().describe('Whether its calls can use reserves, and run ahead of the pace'),
        }),
      )
      .describe('The priorities of requests'),
    budgets: z
      .array(z.object({ budget: z.string(), label: z.string() }))
      .describe('See GET /v1/budgets for their state'),
    endpoints: z
      .array(
        z.object({
          endpoint: z.string(),
          label: z.string(),
          calls: z.array(z.string()).describe('Method and path; `:id` stands for one segment'),
          budgets: z.array(z.string()).describe('The budgets in which each of its calls counts'),
        }),
      )
      .describe('The calls that can be made'),
  })
  .openapi('Upstream');

const upstreamView = (upstream: Upstream): z.infer<typeof upstreamShape> => ({
  upstream: upstream.name,
  label: upstream.label,
  lanes: Object.entries(upstream.lanes).map(([lane, { label, color, forced }]) => ({
    lane,
    label,
    color,
    forced,
  })),
  budgets: Object.keys(upstream.budgets).map((budget) => ({
    budget: fullName(upstream.name, budget),
    label: budgetLabel(upstream, budget),
  })),
  endpoints: Object.entries(upstream.endpoints).map(([name, { label, calls, budgets }]) => ({
    endpoint: name,
    label,
    calls: [...calls],
    budgets: budgets.map((budget) => fullName(upstream.name, budget)),
  })),
});

const upstreamList = { name: 'upstreams', columns: { upstream: 0 }, key: z.tuple([keyText]) };

export const upstreamRoutes = [
  endpoint('get', '/v1/upstreams', 'listUpstreams', {
    tags: ['budgets'],
    summary: 'List the upstreams with their lanes, budgets and calls',
    request: { query: z.object(pageQuery(upstreamList)) },
    responses: jsonResponses('The upstreams', listOf(upstreamShape), 400),
    handler: (c, { accounts }) => {
      const { limit, cursor } = c.req.valid('query');
      const upstreams = accounts.map(({ upstream }) => upstreamView(upstream));
      const after = upstreams.findIndex(({ upstream }) => upstream === cursor?.[0]) + 1;
      return c.json(
        pageOf(upstreamList, upstreams.slice(after), limit, (each) => each),
        200,
      );
    },
  }),
];
