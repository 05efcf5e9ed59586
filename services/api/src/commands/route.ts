import { z } from '@hono/zod-openapi';
import type { Database } from '@paceline/shared/database';
import { listOf, oneOf, pageOf, pageQuery } from '../http/params.ts';
import { found, Problem, problems } from '../http/problem.ts';
import { type AddRoutes, jsonOf, route } from '../http/route.ts';
import { commandList, commandRiderList, findCommand, listCommandRiders, listCommands } from './query.ts';
import {
  addedRider,
  commandRiderShape,
  commandRiderView,
  type CommandRow,
  commandShape,
  commandView,
  riderOutcomes,
} from './view.ts';

const tags = ['commands'];
const params = z.object({ commandId: z.uuid('must be a UUID') });

const list = route('get', '/v1/commands', 'listCommands', {
  tags,
  summary: 'What was asked for and what became of it, newest first',
  request: { query: z.object(pageQuery(commandList)) },
  responses: { 200: jsonOf('A page of commands', listOf(commandShape)), ...problems(400, 401, 503) },
});

const one = route('get', '/v1/commands/{commandId}', 'getCommand', {
  tags,
  summary: 'How one command stands',
  request: { params },
  responses: { 200: jsonOf('The command', commandShape), ...problems(400, 401, 404, 503) },
});

const riders = route('get', '/v1/commands/{commandId}/riders', 'listCommandRiders', {
  tags,
  summary: 'What became of each rider of a command, by the id of the rider',
  request: {
    params,
    query: z.object({ outcome: oneOf(riderOutcomes).optional(), ...pageQuery(commandRiderList) }),
  },
  responses: { 200: jsonOf('A page of riders', listOf(commandRiderShape)), ...problems(400, 401, 404, 503) },
});

const cancel = route('post', '/v1/commands/{commandId}/cancel', 'cancelCommand', {
  tags,
  summary: 'Give up a command whose call has not begun',
  description:
    'It ends as `failed`, and its place in the line is given back. Cancelled again it stays as it is.',
  request: { params },
  responses: {
    200: jsonOf('The command, which has ended', commandShape),
    ...problems(400, 401, 404, 409, 503),
  },
});

const requireCommand = async (db: Database, commandId: string): Promise<CommandRow> =>
  found(await findCommand(db, commandId), `There is no command ${commandId}`);

export const commandRoutes: AddRoutes = (app, { db, cancelCommand }) => {
  app.openapi(list, async (c) => {
    const page = c.req.valid('query');
    return c.json(pageOf(commandList, await listCommands(db, page), page.limit, commandView), 200);
  });

  app.openapi(one, async (c) =>
    c.json(commandView(await requireCommand(db, c.req.valid('param').commandId)), 200),
  );

  app.openapi(riders, async (c) => {
    const { commandId } = c.req.valid('param');
    const { outcome, ...page } = c.req.valid('query');
    const { riderId, progress, finishedAt } = await requireCommand(db, commandId);
    const rows =
      riderId === null
        ? await listCommandRiders(db, { commandId, outcome, ...page })
        : [addedRider(riderId, progress, finishedAt)];
    const shown = rows.filter((row) => outcome === undefined || (row.outcome ?? 'waiting') === outcome);
    return c.json(pageOf(commandRiderList, shown, page.limit, commandRiderView), 200);
  });

  app.openapi(cancel, async (c) => {
    const { commandId } = c.req.valid('param');
    await requireCommand(db, commandId);
    const isCancelled = await cancelCommand(commandId);
    const command = await findCommand(db, commandId);
    if (!command || !isCancelled) throw new Problem('too-late', 'Its call has begun, or it has ended');
    return c.json(commandView(command), 200);
  });
};
