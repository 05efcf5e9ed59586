import { z } from '@hono/zod-openapi';
import { BrokerAway } from '../broker.ts';
import { problems } from '../http/problem.ts';
import { type Endpoint, endpoint } from '../http/route.ts';
import { viewerStream } from './viewer.ts';
import { type StreamType, streamShapes, streamTypes } from './view.ts';

const types = z
  .string()
  .transform((text, context): ReadonlySet<StreamType> => {
    const parsed = z.array(z.enum(streamTypes)).safeParse(text.split(','));
    if (parsed.success) return new Set(parsed.data);
    context.addIssue({ code: 'custom', message: `must be some of ${streamTypes.join(',')}` });
    return z.NEVER;
  })
  .optional()
  .openapi({ type: 'string', description: 'Only these, comma-separated', example: 'run.changed,alert' });

export const streamRoutes: Endpoint[] = [
  (app) => app.openAPIRegistry.register('StreamEvents', z.object(streamShapes).openapi('StreamEvents')),

  endpoint('get', '/v1/stream', 'streamEvents', {
    tags: ['stream'],
    summary: 'What happens, as it happens (server-sent events)',
    description: [
      `Named events with JSON in \`data\`: ${streamTypes.map((type) => `\`${type}\``).join(', ')}. Their schemas are below`,
      '`StreamEvents`.',
      '',
      'Every event has an `id`; whoever connects again with `Last-Event-ID`, as browsers do, gets all that was missed, each',
      'once. `gap` says that some of it is not kept any more (`from`, `to`: ids; null when nobody knows). `closing` is the last',
      'event of a stream: its `reason` is `shutting_down`, `too_slow` or `broker_away`; connect again. A comment comes when',
      'nothing has happened for 15 seconds.',
    ].join('\n'),
    request: {
      query: z.object({ types }),
      headers: z.object({
        'last-event-id': z
          .string()
          .optional()
          .openapi({ description: 'The `id` seen last', example: '4711' }),
      }),
    },
    responses: {
      200: {
        description: 'Events for as long as you listen',
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
    answer: (c, { feed, stopping }) => {
      if (!feed.ring()) throw new BrokerAway('The broker has not been reached yet');
      const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
      if (c.req.method === 'HEAD') return c.body(null, 200, headers);
      const viewer = viewerStream(feed, {
        after: placeOf(c.req.valid('header')['last-event-id']),
        types: c.req.valid('query').types,
        stopping,
      });
      return c.body(viewer, 200, headers);
    },
  }),
];

const placeOf = (header = ''): number | undefined => (/^\d{1,15}$/.test(header) ? Number(header) : undefined);
