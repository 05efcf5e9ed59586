import { createRoute, z } from '@hono/zod-openapi';
import { Command } from '../http/components.ts';
import { largestId } from '../http/params.ts';
import { problems } from '../http/problem.ts';
import { accepted, acceptedHeaders, patienceOf, preferHeader } from './accept.ts';
import type { AddRoutes } from './services.ts';

export const importPath = '/v1/riders/import';

const mostRiders = 10_000;
const mustBe = `must be a whole number from 1 to ${largestId}`;
const mustHold = `must be a list of 1 to ${mostRiders} rider ids`;

const importing = createRoute({
  method: 'post',
  path: importPath,
  operationId: 'importRiders',
  tags: ['riders'],
  summary: 'Fetch many riders',
  description: [
    'Asks for all these riders as soon as the limits allow: a thousand with each bulk call, of which there is one in',
    'a quarter of an hour, and a handful by calls of their own where that is earlier. Riders that are stored and not',
    'older than a day are not fetched again; one that is named twice counts once.',
    '',
    'The answer comes when the command is stored and handed on: `202` with one command for all, and when its first bulk',
    'call is expected. `riders` in it counts how many wait, are done and have failed; `/v1/commands/{commandId}/riders` says what became of each, and why.',
    'A slow database delays the answer; `503` means that the database or the broker is unavailable, or the command queue',
    'is full.',
    '',
    'With `Prefer: wait=N` (seconds, 30 at the most) the answer waits for the end: `200` when every rider is done or',
    'has failed, `422` (`command-failed`) when not one could be had, `202` when the time ran out first.',
  ].join('\n'),
  request: {
    headers: preferHeader,
    body: {
      required: true,
      content: {
        'application/json': {
          schema: z
            .object(
              {
                riderIds: z
                  .array(z.int(mustBe).min(1, mustBe).max(largestId, mustBe), mustHold)
                  .min(1, mustHold)
                  .max(mostRiders, mustHold),
              },
              'must be an object',
            )
            .openapi({ example: { riderIds: [4500001, 4500002, 4500003] } }),
        },
      },
    },
  },
  responses: {
    200: {
      description: 'It ended within the time that you were ready to wait',
      headers: acceptedHeaders,
      content: { 'application/json': { schema: Command } },
    },
    202: {
      description: 'The command is accepted and will end as done, failed or expired',
      headers: acceptedHeaders,
      content: { 'application/json': { schema: Command } },
    },
    ...problems(400, 401, 413, 415, 422, 503),
  },
});

export const importRidersRoutes: AddRoutes = (app, { clock, takeCommand, stopping }) => {
  app.openapi(importing, async (c) => {
    const riderIds = [...new Set(c.req.valid('json').riderIds)];
    using patience = patienceOf(c.req.valid('header').prefer, clock.machine, c.req.raw.signal, stopping);
    const options = { waiting: patience.signal, commandId: c.get('onceId') };
    const row = await takeCommand({ type: 'import-riders', riderIds }, options);
    const { command, headers } = accepted(row, patience);
    return c.json(command, patience.signal && command.state === 'done' ? 200 : 202, headers);
  });
};
