import { z } from '@hono/zod-openapi';
import { BrokerUnavailable } from '../broker.ts';
import { problems } from '../http/problem.ts';
import { type Endpoint, endpoint } from '../http/route.ts';
import { viewerStream } from './viewer.ts';
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
      query: z.object({ types }),
      headers: z.object({
        'last-event-id': z
          .string()
          .optional()
          .openapi({ description: 'The `id` of the last received event', example: '4711' }),
      }),
    },
    responses: {
      200: {
        description: 'The event stream',
        content: {
          'text/event-stream': {
            schema: z.string().openapi({
              example:
                'event: command.changed\nid: 4711\ndata: {"commandId":"…","riderId":4500001,"state":"running"}\n\n',
            }),
          },
        },
      },
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
];

const sequenceOf = (header = ''): number | undefined =>
  /^\d{1,15}$/.test(header) ? Number(header) : undefined;
