import { createRoute, z } from '@hono/zod-openapi';
import { findCommand, listCommands } from '../adapters/commands.ts';
import { commandView } from '../core/command.ts';
import { pageOf } from '../core/page.ts';
import { Command } from '../http/components.ts';
import { keyMoment, keyText, listOf, pageQuery } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import type { AddRoutes } from './services.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/commands',
  operationId: 'listCommands',
  tags: ['commands'],
  summary: 'What was asked for and what became of it, newest first',
  request: { query: z.object(pageQuery('commands', z.tuple([keyMoment, keyText]))) },
  responses: {
    200: { description: 'A page of commands', content: { 'application/json': { schema: listOf(Command) } } },
    ...problems(400, 401, 503),
  },
});

const one = createRoute({
  method: 'get',
  path: '/v1/commands/{commandId}',
  operationId: 'getCommand',
  tags: ['commands'],
  summary: 'How one command stands',
  request: { params: z.object({ commandId: z.uuid('must be a UUID') }) },
  responses: {
    200: { description: 'The command', content: { 'application/json': { schema: Command } } },
    ...problems(400, 401, 404, 503),
  },
});

const cancel = createRoute({
  method: 'post',
  path: '/v1/commands/{commandId}/cancel',
  operationId: 'cancelCommand',
  tags: ['commands'],
  summary: 'Give up a command whose call has not begun',
  description:
    'It ends as `failed`, and its place in the line is given back. Cancelled again it stays as it is.',
  request: { params: z.object({ commandId: z.uuid('must be a UUID') }) },
  responses: {
    200: {
      description: 'The command, which has ended',
      content: { 'application/json': { schema: Command } },
    },
    ...problems(400, 401, 404, 409, 503),
  },
});

export const commandRoutes: AddRoutes = (app, { db, cancel: cancelCommand }) => {
  app.openapi(cancel, async (c) => {
    const { commandId } = c.req.valid('param');
    if (!(await findCommand(db, commandId)))
      throw new Problem('not-found', `There is no command ${commandId}`);
    const isCancelled = await cancelCommand(commandId);
    const command = await findCommand(db, commandId);
    if (!command || !isCancelled) throw new Problem('too-late', 'Its call has begun, or it has ended');
    return c.json(commandView(command), 200);
  });

  app.openapi(list, async (c) => {
    const { limit, cursor } = c.req.valid('query');
    const rows = await listCommands(db, { limit, after: cursor });
    return c.json(
      pageOf('commands', rows, limit, commandView, (row) => [row.requestedAt, row.commandId]),
      200,
    );
  });

  app.openapi(one, async (c) => {
    const { commandId } = c.req.valid('param');
    const command = await findCommand(db, commandId);
    if (!command) throw new Problem('not-found', `There is no command ${commandId}`);
    return c.json(commandView(command), 200);
  });
};
