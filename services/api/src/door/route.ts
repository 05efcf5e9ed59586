import type { HttpBindings } from '@hono/node-server';
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { callTimeout } from '@paceline/shared/upstreams';
import type { Context } from 'hono';
import { hasBody } from '../http/limits.ts';
import { Problem, problems } from '../http/problem.ts';
import type { Services } from '../http/route.ts';
import { callThrough, type Door } from './door.ts';
import { findCall } from './find-call.ts';
import { requestHeaders } from './headers.ts';
import { laneOf, patienceOf } from './request.ts';
import { readTarget, type Target } from './target.ts';

export const doorPath = '/upstream/*';

/** Real ms that an answer may take beyond patience and timeout before its connection is cut. */
const spareMs = 10_000;

async function handle(c: Context<{ Bindings: HttpBindings }>, { doors, clock }: Services): Promise<Response> {
  const { incoming, outgoing } = c.env;
  const target = readTarget(incoming.url ?? '');
  const door = doorTo(doors, target.upstream);
  const call = findCall(door.upstream, c.req.method, target);
  const path = target.path + ownQuery(door, target);
  const lane = laneOf(door.upstream, c.req.header('paceline-lane'), c.get('role') === 'operator');
  const patience = patienceOf(c.req.header('prefer'));
  // Read before the permit is requested: a slow sender must not hold one.
  const body = hasBody(c) ? new Uint8Array(await c.req.arrayBuffer()) : undefined;
  const timeoutMs = clock.toRealMs(callTimeout(door.upstream.endpoints[call.endpoint]!, clock));
  outgoing.setTimeout(patience.seconds * 1_000 + timeoutMs + spareMs);
  const response = await callThrough(door, {
    call,
    lane,
    caller: c.get('program'),
    path,
    headers: requestHeaders(c.req.raw.headers),
    body,
    patience: patience.seconds,
    gone: c.req.raw.signal,
  });
  if (patience.isPreferred) response.headers.set('preference-applied', `wait=${patience.seconds}`);
  return response;
}

/** @throws {Problem} */
export function doorTo(doors: Services['doors'], name: string): Door {
  const door = doors.get(name);
  if (door) return door;
  const open = [...doors.keys()].join(', ') || 'none';
  throw new Problem('not-found', `"${name}" is not among the upstreams of API_UPSTREAMS: ${open}`);
}

/** @throws {Problem} when the query names a key of its own */
function ownQuery({ upstream: { auth } }: Door, { query }: Target): string {
  const names = [...new URLSearchParams(query).keys()].map((name) => name.toLowerCase());
  if (auth.in === 'header' || !names.includes(auth.name.toLowerCase())) return query;
  const message = 'is set by Paceline';
  throw new Problem('invalid-input', `${auth.name} ${message}`, { errors: [{ field: auth.name, message }] });
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

const text = (description: string, example: string) => ({
  description,
  schema: { type: 'string' as const, example },
});

export function doorRoutes(app: OpenAPIHono, services: Services): void {
  const served = methods.map((method) => method.toUpperCase());
  app.on(served, '/upstream/:upstream/*', (c) => handle(c as Context<{ Bindings: HttpBindings }>, services));
  for (const method of methods) {
    app.openAPIRegistry.registerPath({
      method,
      path: '/upstream/{upstream}/{path}',
      operationId: method === 'get' ? 'callUpstream' : `${method}Upstream`,
      tags: ['upstreams'],
      summary: `${method.toUpperCase()} a path of an upstream, within its rate limits`,
      description: [
        'Waits for a permit, makes the call with the key of this installation, and passes the answer on. Only the calls that',
        "the upstream's file names; redirects are not followed, nothing is repeated, nothing is cached. `Proxy-Status` says",
        "whether upstream answered (`received-status`). Upstream's own errors pass as they are; problems are this API's.",
        'See docs/door.md.',
      ].join('\n'),
      request: {
        params: z.object({
          upstream: z.string().openapi({ example: 'zwiftracing' }),
          path: z.string().openapi({ description: 'With its slashes', example: 'public/riders/4500001' }),
        }),
        headers: z.object({
          'paceline-lane': z
            .string()
            .optional()
            .openapi({ description: 'A lane of the upstream; default its least urgent one' }),
          prefer: z.string().optional().openapi({
            description: 'RFC 7240: seconds to wait for a permit, default 60, max 300',
            example: 'wait=20',
          }),
        }),
      },
      responses: {
        default: {
          description: "Upstream's answer, with its status and body",
          headers: {
            'Paceline-Permit': text('The permit of the call, as in the call log', '12-3-8e03978e'),
            'Proxy-Status': text('RFC 9209: who answered', 'paceline;received-status=200'),
            'Server-Timing': text(
              'Ms that the call waited for its permit, and for the first byte of the answer',
              'wait;dur=2.1, upstream;dur=180.4',
            ),
            'Preference-Applied': text('The wait that was applied, if one was preferred', 'wait=20'),
            'RateLimit-Policy': text('The limits in which the call counts', '"riders_single";q=5;w=60'),
            RateLimit: text('The calls that are left in them', '"riders_single";r=3;t=0'),
            Age: text('Seconds since upstream made the answer', '0'),
          },
        },
        ...problems(400, 401, 403, 404, 405, 413, 429, 502, 503, 504),
      },
    });
  }
}
