import { createRoute, z } from '@hono/zod-openapi';
import { listCommandRiders } from '../adapters/command-riders.ts';
import { findCommand } from '../adapters/commands.ts';
import { addedRider, commandRiderView, riderOutcomes } from '../core/command-rider.ts';
import { pageOf } from '../core/page.ts';
import { CommandRider } from '../http/components.ts';
import { largestId, listOf, pageQuery } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/commands/{commandId}/riders',
  operationId: 'listCommandRiders',
  tags: ['commands'],
  summary: 'What became of each rider of a command, by the id of the rider',
  request: {
    params: z.object({ commandId: z.uuid('must be a UUID') }),
    query: z.object({
      outcome: z.enum(riderOutcomes, `must be one of ${riderOutcomes.join(', ')}`).optional(),
      ...pageQuery('command-riders', z.tuple([z.int().min(1).max(largestId)])),
    }),
  },
  responses: {
    200: {
      description: 'A page of riders',
      content: { 'application/json': { schema: listOf(CommandRider) } },
    },
    ...problems(400, 401, 404, 503),
  },
});

export const commandRiderRoutes: AddRoutes = (app, { db }) => {
  app.openapi(list, async (c) => {
    const { commandId } = c.req.valid('param');
    const { outcome, limit, cursor } = c.req.valid('query');
    const command = await findCommand(db, commandId);
    if (!command) throw new Problem('not-found', `There is no command ${commandId}`);
    const rows =
      command.riderId === null
        ? await listCommandRiders(db, { commandId, outcome }, { limit, after: cursor })
        : [addedRider(command.riderId, command.progress, command.finishedAt)];
    const shown = rows.filter((row) => outcome === undefined || (row.outcome ?? 'waiting') === outcome);
    return c.json(
      pageOf('command-riders', shown, limit, commandRiderView, (row) => [row.riderId]),
      200,
    );
  });
};
