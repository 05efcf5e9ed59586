import { createRoute, z } from '@hono/zod-openapi';
import { findRider } from '../adapters/riders.ts';
import { riderDetailView } from '../core/rider.ts';
import { Command, RiderDetail } from '../http/components.ts';
import { largestId } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import { accepted, acceptedHeaders, patienceOf, preferHeader } from './accept.ts';
import type { AddRoutes } from './services.ts';

const mustBe = `must be a whole number from 1 to ${largestId}`;

const add = createRoute({
  method: 'post',
  path: '/v1/riders',
  operationId: 'addRider',
  tags: ['riders'],
  summary: 'Fetch a rider now',
  description: [
    'Asks for the rider as soon as the limits allow, before every scheduled sync, also when it is stored already.',
    '',
    'It comes by a call of its own, or by the next bulk call, whichever is earlier: `via` says which.',
    'The answer comes when the command is stored and handed on: `202` with its place and when it is expected to run.',
    'A slow database delays the answer; `503` means that the database or the broker is unavailable, or the command queue',
    'is full. Follow `Location` from there on.',
    '',
    'With `Prefer: wait=N` (seconds, 30 at the most) the answer waits for the end: `200` with the rider when it is',
    'stored, `422` (`command-failed`, with the command in `command`) when the command failed or expired, and `202`',
    'when the time ran out first; the command goes on in every case.',
  ].join('\n'),
  request: {
    headers: preferHeader,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .object({ riderId: z.int(mustBe).min(1, mustBe).max(largestId, mustBe) }, 'must be an object')
            .openapi({ example: { riderId: 4500001 } }),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'The rider was fetched within the time that you were ready to wait',
      headers: acceptedHeaders,
      content: { 'application/json': { schema: z.object({ command: Command, rider: RiderDetail }) } },
    },
    202: {
      description: 'The command is accepted and will end as done, failed or expired',
      headers: acceptedHeaders,
      content: { 'application/json': { schema: Command } },
    },
    ...problems(400, 401, 413, 415, 422, 503),
  },
});

export const addRiderRoutes: AddRoutes = (app, { db, clock, takeCommand, stopping }) => {
  app.openapi(add, async (c) => {
    const { riderId } = c.req.valid('json');
    using patience = patienceOf(c.req.valid('header').prefer, clock.machine, c.req.raw.signal, stopping);
    const options = { waiting: patience.signal, commandId: c.get('onceId') };
    const row = await takeCommand({ type: 'add-rider', riderId }, options);
    const { command, headers } = accepted(row, patience);
    const rider =
      patience.signal && command.state === 'done'
        ? await findRider(db, riderId).catch(() => undefined)
        : undefined;
    if (!rider) return c.json(command, 202, headers);
    return c.json({ command, rider: riderDetailView(rider, clock.now()) }, 200, headers);
  });
};
