import type { HttpBindings } from '@hono/node-server';
import { z } from '@hono/zod-openapi';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import { preferredWait } from '../commands/accept.ts';
import type { Door } from '../door/door.ts';
import { findCall } from '../door/find-call.ts';
import { laneOf } from '../door/request.ts';
import { doorTo } from '../door/route.ts';
import { readTarget } from '../door/target.ts';
import { timeParam } from '../http/params.ts';
import { problems, requireFound } from '../http/problem.ts';
import { endpoint, jsonBody, jsonOf } from '../http/route.ts';
import { readPermitId, requestId } from './permit-id.ts';
import { outcomeOf, resultShape } from './outcome.ts';
import { cancelPermit, requirePermit, settlePermit, startPermit } from './started.ts';
import { permitShape, replyView, startedView } from './view.ts';

const tags = ['upstreams'];
const ticket = z.string().regex(/^[\w.+-]{1,100}$/, 'must be 1 to 100 letters, digits and _.+-');
const body = z
  .object({
    ticket: ticket.optional().describe('Your name for the request, to repeat it; default a random one'),
    endpoint: z.string().optional().describe('An endpoint of the upstream'),
    call: z
      .string()
      .regex(/^[A-Z]+ \/\S*$/, 'must be a method and a path such as GET /stations/7')
      .optional()
      .describe('Instead of the endpoint: the call, by method and path'),
    lane: z.string().optional().describe('Default the least urgent one'),
    deadline: timeParam
      .optional()
      .describe('The latest useful start: a request that cannot meet it is refused'),
  })
  .refine(({ endpoint: name, call }) => (name === undefined) !== (call === undefined), {
    path: ['endpoint'],
    message: 'or call is required, not both',
  })
  .openapi({ example: { ticket: 'backup-1', endpoint: 'riders_single' } });

const upstream = z.string().openapi({ example: 'zwiftracing' });
const params = z.object({ upstream });
const permitParams = z.object({
  upstream,
  permit: z.string().openapi({ description: 'The `id` of a permit' }),
});
const text = { type: 'string' as const };
const headers = {
  Location: { description: 'The permit, or the request while it waits', schema: text },
  'Preference-Applied': { description: 'The wait that was applied, if any', schema: text },
};

/** @throws {Problem} */
function endpointOf({ upstream: known }: Door, { endpoint: name, call }: z.infer<typeof body>): string {
  if (name !== undefined) {
    const { endpoints, label } = known;
    return requireFound(
      Object.hasOwn(endpoints, name) ? name : undefined,
      `${label} has no endpoint "${name}": ${Object.keys(endpoints).join(', ')}`,
    );
  }
  const [method = '', path = ''] = call?.split(' ') ?? [];
  return findCall(known, method, readTarget(`/upstream/${known.name}${path}`)).endpoint;
}

export const permitRoutes = [
  endpoint('post', '/v1/upstreams/{upstream}/permits', 'requestPermit', {
    tags,
    summary: 'Request a permit for a call that you make yourself',
    description: [
      'For programs that have the key of the upstream. `201`: the permit is granted; start it within `startWithin` seconds.',
      '`202`: the request waits; repeat it with the same ticket within `askAgainWithin` seconds to keep its place.',
      '`Prefer: wait=N` (seconds, max 30) waits for the permit. `503` (`no-permit`): the deadline cannot be met.',
      'See docs/permits-over-http.md.',
    ].join('\n'),
    request: {
      params,
      headers: z.object({
        prefer: z.string().optional().openapi({ description: 'RFC 7240', example: 'wait=10' }),
      }),
      ...jsonBody(body),
    },
    responses: {
      201: { ...jsonOf('The permit is granted', permitShape), headers },
      202: { ...jsonOf('The request waits', permitShape), headers },
      ...problems(400, 401, 403, 404, 503),
    },
    handler: async (c, { doors, clock, stopping }) => {
      const door = doorTo(doors, c.req.valid('param').upstream);
      const asked = c.req.valid('json');
      const request = {
        ticket: asked.ticket ?? crypto.randomUUID(),
        endpoint: endpointOf(door, asked),
        lane: laneOf(door.upstream, asked.lane, c.get('role') === 'operator'),
      };
      const wait = preferredWait(c.req.valid('header').prefer) ?? 0;
      const { outgoing } = c.env as HttpBindings;
      outgoing.setTimeout((wait + 10) * 1_000);
      const id = requestId(c.get('program'), request.endpoint, request.lane, request.ticket);
      const patience = new AbortController();
      const cancelTimer = clock.machine.after(wait * 1_000, () => patience.abort());
      const waiting = AbortSignal.any([patience.signal, c.req.raw.signal, stopping]);
      const reply = await door.requests().acquire(
        {
          do: 'acquire',
          account: door.account,
          ticket: id,
          endpoint: request.endpoint as BudgetName,
          lane: request.lane as Lane,
          requestedAt: Math.round(clock.now()),
          ...(asked.deadline !== undefined && { deadline: Date.parse(asked.deadline) }),
        },
        wait === 0 ? AbortSignal.abort() : waiting,
      );
      cancelTimer();
      const view = replyView(door, id, request, reply);
      const sent = {
        Location: `/v1/upstreams/${door.upstream.name}/permits/${view.id}`,
        ...(wait > 0 && { 'Preference-Applied': `wait=${wait}` }),
      };
      return view.state === 'waiting' ? c.json(view, 202, sent) : c.json(view, 201, sent);
    },
  }),

  endpoint('post', '/v1/upstreams/{upstream}/permits/{permit}/start', 'startPermit', {
    tags,
    summary: 'Start a permit: its call counts from now on',
    description: [
      'Send the call within `sendWithin` seconds of sending this request, or cancel the permit. Can be repeated.',
      '`410` (`permit-expired`): too late; nothing counts.',
    ].join('\n'),
    request: { params: permitParams },
    responses: {
      200: jsonOf('The call may be sent', permitShape),
      ...problems(400, 401, 403, 404, 410, 503),
    },
    handler: async (c, { doors }) => {
      const { upstream: name, permit } = c.req.valid('param');
      const door = doorTo(doors, name);
      const program = c.get('program');
      const held = requirePermit(readPermitId(permit, program));
      const sendBy = await startPermit(door, program, held);
      return c.json(startedView(permit, held, sendBy), 200);
    },
  }),

  endpoint('post', '/v1/upstreams/{upstream}/permits/{permit}/settle', 'settlePermit', {
    tags,
    summary: 'Report how a started call ended',
    description: [
      'As soon as its headers are there: the window counts from then. With a failure, send headers and body too: they can',
      'name how long to wait. A call that is never settled counts as long as it could take. Can be repeated.',
    ].join('\n'),
    request: {
      params: permitParams,
      ...jsonBody(resultShape.openapi({ example: { status: 429, headers: { 'retry-after': '30' } } })),
    },
    responses: { 204: { description: 'Settled' }, ...problems(400, 401, 403, 404, 503) },
    handler: async (c, { doors }) => {
      const { upstream: name, permit } = c.req.valid('param');
      const door = doorTo(doors, name);
      const held = requirePermit(readPermitId(permit, c.get('program')));
      await settlePermit(door, held, outcomeOf(door, held.endpoint, c.req.valid('json')));
      return c.body(null, 204);
    },
  }),

  endpoint('delete', '/v1/upstreams/{upstream}/permits/{permit}', 'cancelPermit', {
    tags,
    summary: 'Give up a permit or a request for one',
    description: 'Only if its call was not sent and never will be: it then counts nothing.',
    request: { params: permitParams },
    responses: { 204: { description: 'Given up' }, ...problems(400, 401, 403, 404, 503) },
    handler: async (c, { doors }) => {
      const { upstream: name, permit } = c.req.valid('param');
      await cancelPermit(doorTo(doors, name), readPermitId(permit, c.get('program')));
      return c.body(null, 204);
    },
  }),
];
