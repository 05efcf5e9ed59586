import { z } from '@hono/zod-openapi';
import type { Machine } from '@paceline/shared/clock';
import { obstacleFor } from '../health/parts.ts';
import { bodyId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import { endpoint, jsonBody, jsonOf } from '../http/route.ts';
import { riderDetailShape, riderDetailView } from '../riders/view.ts';
import { type CommandRow, commandShape, commandView } from './view.ts';

const maxWaitSeconds = 30;

/** Returns the real seconds (max 30) of `wait` in a `Prefer` header (RFC 7240); undefined without a valid one. */
export function preferredWait(header: string | undefined): number | undefined {
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(header ?? '') ?? [];
  const wait = Math.min(Number(seconds ?? 0), maxWaitSeconds);
  return wait > 0 ? wait : undefined;
}

interface Wait extends Disposable {
  /** Machine seconds; undefined: no wait. */
  readonly seconds: number | undefined;
  readonly signal: AbortSignal | undefined;
}

function waitOf(prefer: string | undefined, machine: Machine, ...cancelled: readonly AbortSignal[]): Wait {
  const seconds = preferredWait(prefer);
  if (seconds === undefined) return { seconds, signal: undefined, [Symbol.dispose]() {} };
  const timeout = new AbortController();
  const cancelTimer = machine.after(seconds * 1_000, () => timeout.abort());
  return { seconds, signal: AbortSignal.any([timeout.signal, ...cancelled]), [Symbol.dispose]: cancelTimer };
}

function accepted(row: CommandRow, { seconds }: Wait, obstacle: string | undefined) {
  const command = commandView(row, obstacle);
  const headers = {
    Location: `/v1/commands/${row.commandId}`,
    ...(seconds !== undefined && { 'Preference-Applied': `wait=${seconds}` }),
  };
  if (seconds !== undefined && ['failed', 'expired', 'cancelled'].includes(command.state)) {
    throw new Problem('command-failed', command.reason ?? command.state, { command, headers });
  }
  return { command, headers };
}

const tags = ['riders'];
const text = { type: 'string' as const };
const headers = {
  Location: { description: 'The command', schema: text },
  'Preference-Applied': { description: 'The wait that was applied, if any', schema: text },
};
const prefer = z.object({
  prefer: z.string().optional().openapi({ description: 'RFC 7240', example: 'wait=10' }),
});
const responses = {
  202: {
    ...jsonOf('The command was accepted; it will end as done, failed, expired or cancelled', commandShape),
    headers,
  },
  ...problems(400, 401, 422, 503),
};

export const importPath = '/v1/riders/import';
const maxRiders = 10_000;
const listMessage = `must be a list of 1 to ${maxRiders} rider ids`;

export const acceptRoutes = [
  endpoint('post', '/v1/riders', 'addRider', {
    tags,
    summary: 'Fetch a rider now',
    description: [
      'Fetches the rider as soon as the rate limits allow, before any scheduled sync, even if it is already stored.',
      '',
      'The rider is fetched by a call of its own or with the next bulk call, whichever is earlier (`via`). While an add of the same',
      'rider waits, that one is returned.',
      'The response is sent once the command is stored and published: `202` with its position and estimated time.',
      'Follow `Location` for progress. A slow database delays the response; `503` means that the database or the broker',
      'is not available, or that the command queue is full. While no rider-sync or limiter is running the state is',
      '`waiting_for_service`, with the `reason` and without an estimate.',
      '',
      '`Prefer: wait=N` (seconds, max 30) waits for the result: `200` with the rider once it is stored, `422`',
      '(`command-failed`, with `command`) if it failed, expired or was cancelled, `202` if the time ran out first. The command',
      'continues in any case.',
    ].join('\n'),
    request: {
      headers: prefer,
      ...jsonBody(
        z.object({ riderId: bodyId }, 'must be a JSON object').openapi({ example: { riderId: 4500001 } }),
      ),
    },
    responses: {
      200: {
        ...jsonOf(
          'The rider was fetched within the wait time',
          z.object({ command: commandShape, rider: riderDetailShape }),
        ),
        headers,
      },
      ...responses,
    },
    handler: async (c, { clock, findRider, health, submitCommand, stopping }) => {
      const { riderId } = c.req.valid('json');
      const obstacle = obstacleFor(health.parts(), 'rider-sync');
      // Waiting for a result makes no sense while the command cannot be carried out.
      const prefer = obstacle === undefined ? c.req.valid('header').prefer : undefined;
      using wait = waitOf(prefer, clock.machine, c.req.raw.signal, stopping);
      const options = { waiting: wait.signal, commandId: c.get('reservedId') };
      const row = await submitCommand({ type: 'add-rider', riderId }, options);
      const { command, headers: sent } = accepted(row, wait, obstacle);
      const isDone = wait.signal !== undefined && command.state === 'done';
      const rider = isDone ? await findRider(riderId).catch(() => undefined) : undefined;
      if (!rider) return c.json(command, 202, sent);
      return c.json({ command, rider: riderDetailView(rider, clock.now()) }, 200, sent);
    },
  }),

  endpoint('post', importPath, 'importRiders', {
    tags,
    summary: 'Fetch many riders',
    description: [
      'Fetches the riders as soon as the rate limits allow: up to 1000 per bulk call, one bulk call per 15 minutes, and a',
      'few with calls of their own where that is earlier. Riders fetched within the last day are not fetched again.',
      'Duplicate ids count once.',
      '',
      'The response is sent once the command is stored and published: `202` with one command for all riders and the',
      'estimated time of its first bulk call. `riders` counts the waiting, done and failed ones;',
      '`/v1/commands/{commandId}/riders` lists the outcome of each. A slow database delays the response; `503` means that',
      'the database or the broker is not available, or that the command queue is full. While no rider-sync or limiter is',
      'running the state is `waiting_for_service`, with the `reason` and without an estimate.',
      '',
      '`Prefer: wait=N` (seconds, max 30) waits for the result: `200` once every rider is done or has failed, `422`',
      '(`command-failed`) if no rider could be fetched, `202` if the time ran out first.',
    ].join('\n'),
    request: {
      headers: prefer,
      ...jsonBody(
        z
          .object(
            { riderIds: z.array(bodyId, listMessage).min(1, listMessage).max(maxRiders, listMessage) },
            'must be a JSON object',
          )
          .openapi({ example: { riderIds: [4500001, 4500002, 4500003] } }),
      ),
    },
    responses: {
      200: {
        ...jsonOf('The command ended within the wait time', commandShape),
        headers,
      },
      ...responses,
    },
    handler: async (c, { clock, health, submitCommand, stopping }) => {
      const riderIds = [...new Set(c.req.valid('json').riderIds)];
      const obstacle = obstacleFor(health.parts(), 'rider-sync');
      // Waiting for a result makes no sense while the command cannot be carried out.
      const prefer = obstacle === undefined ? c.req.valid('header').prefer : undefined;
      using wait = waitOf(prefer, clock.machine, c.req.raw.signal, stopping);
      const options = { waiting: wait.signal, commandId: c.get('reservedId') };
      const row = await submitCommand({ type: 'import-riders', riderIds }, options);
      const { command, headers: sent } = accepted(row, wait, obstacle);
      return c.json(command, wait.signal && command.state === 'done' ? 200 : 202, sent);
    },
  }),
];
