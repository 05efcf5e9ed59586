import { z } from '@hono/zod-openapi';
import { BrokerUnavailable } from '../broker.ts';
import { findCommand } from '../commands/query.ts';
import { commandParams, requireCommand } from '../commands/route.ts';
import { commandView, type CommandRow } from '../commands/view.ts';
import { obstacleFor } from '../health/parts.ts';
import { problems } from '../http/problem.ts';
import { type Endpoint, endpoint, jsonResponses } from '../http/route.ts';
import { iso, time } from '../http/view.ts';
import { isFinal } from '@paceline/shared/contracts';
import { commandReader, eventId } from './command.ts';
import { pulledStream, viewerStream } from './viewer.ts';
import { type StreamType, streamShapes, streamTypes } from './view.ts';

const types = z
  .string()
  .transform((text, context): ReadonlySet<StreamType> => {
    const parsed = z.array(z.enum(streamTypes)).safeParse(text.split(','));
    if (parsed.success) return new Set(parsed.data);
    context.addIssue({
      code: 'custom',
      message: `must be a comma-separated list of ${streamTypes.join(', ')}`,
    });
    return z.NEVER;
  })
  .optional()
  .openapi({
    type: 'string',
    description: 'Only these event types, comma-separated; default all',
    example: 'run.changed,alert',
  });

/** Tells proxies not to hold events back: caches, those that compress (Caddy), and those that buffer (nginx). */
const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

const token = z.string().optional().openapi({
  description:
    "A token of `POST /v1/stream/tokens`, for clients that can't send headers, such as EventSource",
});
const lastEventId = (example: string) =>
  z.object({
    'last-event-id': z
      .string()
      .optional()
      .openapi({ description: 'The `id` of the last received event', example }),
  });
const eventStreamOf = (description: string, example: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string().openapi({ example }) } },
});

const streamTokenShape = z
  .object({ token: z.string(), expiresAt: time.describe('About an hour of real time from now') })
  .openapi('StreamToken');

export const streamRoutes: Endpoint[] = [
  (app) => app.openAPIRegistry.register('StreamEvents', z.object(streamShapes).openapi('StreamEvents')),

  endpoint('get', '/v1/stream', 'streamEvents', {
    tags: ['stream'],
    summary: 'Stream live changes (server-sent events)',
    description: [
      `Named events with JSON in \`data\`: ${streamTypes.map((type) => `\`${type}\``).join(', ')}. Their schemas are in`,
      '`StreamEvents`.',
      '',
      'Every event has an `id`. Clients that reconnect with `Last-Event-ID`, as browsers do, get all missed events, each',
      'once. `gap` means that some of them are no longer available (`from`, `to`: ids; null if unknown). `closing` is the',
      'last event of a stream, with the `reason` `shutting_down`, `too_slow` or `broker_away`; reconnect. A heartbeat',
      'comment is sent after 15 seconds without an event.',
    ].join('\n'),
    request: {
      query: z.object({ types, token }),
      headers: lastEventId('4711'),
    },
    responses: {
      200: eventStreamOf(
        'The event stream',
        'event: command.changed\nid: 4711\ndata: {"commandId":"…","riderId":4500001,"state":"running"}\n\n',
      ),
      ...problems(400, 401, 503),
    },
    handler: (c, { feed, stopping }) => {
      if (!feed.ring()) throw new BrokerUnavailable('Not connected to the broker yet');
      if (c.req.method === 'HEAD') return c.body(null, 200, streamHeaders);
      const viewer = viewerStream(feed, {
        after: sequenceOf(c.req.valid('header')['last-event-id']),
        types: c.req.valid('query').types,
        stopping,
      });
      return c.body(viewer, 200, streamHeaders);
    },
  }),

  endpoint('get', '/v1/commands/{commandId}/stream', 'streamCommand', {
    tags: ['commands'],
    summary: 'Follow a command until it ends (server-sent events)',
    description: [
      'An event `command` with the current command, then one for each change. The stream ends after the final state: done,',
      'failed, expired or cancelled. A client that reconnects with `Last-Event-ID`, as browsers do, gets the command only if it',
      'has changed since, and 204 once it has received the final state. `closing` and the heartbeat are as in `/v1/stream`.',
    ].join('\n'),
    request: {
      params: commandParams,
      query: z.object({ token }),
      headers: lastEventId('rB1zF5q3mX0c7k2WbN8sTg'),
    },
    responses: {
      200: eventStreamOf(
        'The changes of the command',
        'event: command\nid: rB1zF5q3mX0c7k2WbN8sTg\ndata: {"commandId":"…","riderId":4500001,"state":"running"}\n\n',
      ),
      204: { description: 'The command has ended, and the client has its final state' },
      ...problems(400, 401, 404, 503),
    },
    handler: async (c, { db, clock, health, watches, stopping }) => {
      const { commandId } = c.req.valid('param');
      const after = c.req.valid('header')['last-event-id'];
      const first = await requireCommand(db, commandId);
      const view = (row: CommandRow) => commandView(row, obstacleFor(health.parts(), 'rider-sync'));
      if (isFinal(first.progress) && after === eventId(view(first))) return c.body(null, 204);
      if (c.req.method === 'HEAD') return c.body(null, 200, streamHeaders);
      const find = () => findCommand(db, commandId);
      const options = { first, watches, find, view, after, machine: clock.machine, stopping };
      const changes = pulledStream((disconnected) => commandReader(options, disconnected), options);
      return c.body(changes, 200, streamHeaders);
    },
  }),

  endpoint('post', '/v1/stream/tokens', 'createStreamToken', {
    tags: ['stream'],
    summary: 'Create a token for the URL of a stream',
    description: [
      "Browsers' EventSource can't send a bearer token. This token is good for `?token=` of the streams, for nothing else, and",
      'for about an hour; an open stream continues after that. The viewer token may create one, too.',
    ].join('\n'),
    responses: jsonResponses('The token', streamTokenShape),
    handler: (c, { streamTokens, clock }) => {
      const { token: created, lifetimeSeconds } = streamTokens.create();
      const expiresAt = iso(clock.now() + clock.toProjectMs(lifetimeSeconds * 1_000));
      return c.json({ token: created, expiresAt }, 200);
    },
  }),
];

const sequenceOf = (header = ''): number | undefined =>
  /^\d{1,15}$/.test(header) ? Number(header) : undefined;
