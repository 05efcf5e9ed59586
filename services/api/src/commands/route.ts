import { z } from '@hono/zod-openapi';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq, isNull } from 'drizzle-orm';
import {
  defineList,
  idParam,
  keyId,
  keyTime,
  keyText,
  listOf,
  oneOf,
  pageQuery,
  readPage,
} from '../http/params.ts';
import { obstacleFor } from '../health/parts.ts';
import { requireFound, Problem } from '../http/problem.ts';
import { jsonResponses, endpoint } from '../http/route.ts';
import { findCommand, isForRider, isInState, selectCommands } from './query.ts';
import {
  addedRider,
  commandRiderShape,
  commandRiderView,
  type CommandRow,
  commandShape,
  commandStates,
  commandTypes,
  commandView,
  riderOutcomes,
} from './view.ts';

const { commands, wantedRiders } = tables;
const { riderId: riderIdColumn, outcome: outcomeColumn, reason, endedAt } = wantedRiders;
const riderColumns = { riderId: riderIdColumn, outcome: outcomeColumn, reason, finishedAt: endedAt };
const commandList = defineList(
  'commands',
  'desc',
  { requestedAt: commands.requestedAt, commandId: commands.commandId },
  [keyTime, keyText],
);
const commandRiderList = defineList('command-riders', 'asc', { riderId: riderIdColumn }, [keyId]);
const tags = ['commands'];
export const commandParams = z.object({
  commandId: z.uuid('must be a UUID').openapi({ example: '62060011-babb-42ec-8974-62b0e6be47fe' }),
});

/** @throws {Problem} when it is not stored */
export const requireCommand = async (db: Database, commandId: string): Promise<CommandRow> =>
  requireFound(await findCommand(db, commandId), `Command ${commandId} does not exist`);

export const commandRoutes = [
  endpoint('get', '/v1/commands', 'listCommands', {
    tags,
    summary: 'List commands, newest first',
    request: {
      query: z.object({
        riderId: idParam()
          .optional()
          .openapi({ description: 'Only adds of this rider, and imports with it', example: 4500001 }),
        type: oneOf(commandTypes).optional(),
        state: oneOf(commandStates).optional(),
        ...pageQuery(commandList),
      }),
    },
    responses: jsonResponses('A page of commands', listOf(commandShape), 400),
    handler: async (c, { db, health }) => {
      const { riderId, type, state, ...page } = c.req.valid('query');
      const obstacle = obstacleFor(health.parts(), 'rider-sync');
      const view = (row: CommandRow) => commandView(row, obstacle);
      const where = and(
        riderId === undefined ? undefined : isForRider(db, riderId),
        type && eq(commands.type, type),
        state && isInState(state, obstacle),
      );
      return c.json(await readPage(selectCommands(db), commandList, page, view, where), 200);
    },
  }),

  endpoint('get', '/v1/commands/{commandId}', 'getCommand', {
    tags,
    summary: 'Get a command and its progress',
    request: { params: commandParams },
    responses: jsonResponses('The command', commandShape, 400, 404),
    handler: async (c, { db, health }) => {
      const row = await requireCommand(db, c.req.valid('param').commandId);
      return c.json(commandView(row, obstacleFor(health.parts(), 'rider-sync')), 200);
    },
  }),

  endpoint('get', '/v1/commands/{commandId}/riders', 'listCommandRiders', {
    tags,
    summary: 'List the riders of a command with their outcome, by rider id',
    request: {
      params: commandParams,
      query: z.object({ outcome: oneOf(riderOutcomes).optional(), ...pageQuery(commandRiderList) }),
    },
    responses: jsonResponses('A page of riders', listOf(commandRiderShape), 400, 404),
    handler: async (c, { db }) => {
      const { commandId } = c.req.valid('param');
      const { outcome, ...page } = c.req.valid('query');
      const { riderId, progress, finishedAt } = await requireCommand(db, commandId);
      if (riderId !== null) {
        const added = commandRiderView(addedRider(riderId, progress, finishedAt));
        const matches = outcome === undefined || added.outcome === outcome;
        return c.json({ items: matches ? [added] : [], next: null }, 200);
      }
      const isOutcome = outcome === 'waiting' ? isNull(outcomeColumn) : outcome && eq(outcomeColumn, outcome);
      const where = and(eq(wantedRiders.commandId, commandId), isOutcome);
      const all = db.select(riderColumns).from(wantedRiders).$dynamic();
      return c.json(await readPage(all, commandRiderList, page, commandRiderView, where), 200);
    },
  }),

  endpoint('post', '/v1/commands/{commandId}/cancel', 'cancelCommand', {
    tags,
    summary: 'Cancel a waiting command',
    description: 'The command ends as `cancelled` and leaves the queue. Cancelling it again changes nothing.',
    request: { params: commandParams },
    responses: jsonResponses('The cancelled command', commandShape, 400, 404, 409),
    handler: async (c, { db, cancelCommand }) => {
      const { commandId } = c.req.valid('param');
      await requireCommand(db, commandId);
      const isCancelled = await cancelCommand(commandId);
      const command = await findCommand(db, commandId);
      if (!command || !isCancelled)
        throw new Problem('invalid-state', 'The command is already running or has ended');
      return c.json(commandView(command), 200);
    },
  }),
];
