import { z } from '@hono/zod-openapi';
import type { Machine } from '@paceline/shared/clock';
import { bodyId } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import { endpoint, jsonBody, jsonOf } from '../http/route.ts';
import { findRider } from '../riders/route.ts';
import { riderDetailShape, riderDetailView } from '../riders/view.ts';
import { type CommandRow, commandShape, commandView } from './view.ts';

const longestWaitSeconds = 30;

/** Real seconds (at most 30) that a `Prefer` header (RFC 7240) waits; undefined: none, or unreadable. */
export function preferredWait(header: string | undefined): number | undefined {
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(header ?? '') ?? [];
  const wait = Math.min(Number(seconds ?? 0), longestWaitSeconds);
  return wait > 0 ? wait : undefined;
}

interface Wait extends Disposable {
  /** Of the machine; undefined: not at all. */
  readonly seconds: number | undefined;
  readonly signal: AbortSignal | undefined;
}

function waitOf(prefer: string | undefined, machine: Machine, ...gone: readonly AbortSignal[]): Wait {
  const seconds = preferredWait(prefer);
  if (seconds === undefined) return { seconds, signal: undefined, [Symbol.dispose]() {} };
  const over = new AbortController();
  const callOff = machine.after(seconds * 1_000, () => over.abort());
  return { seconds, signal: AbortSignal.any([over.signal, ...gone]), [Symbol.dispose]: callOff };
}

function accepted(row: CommandRow, { seconds }: Wait) {
  const command = commandView(row);
  const headers = {
    Location: `/v1/commands/${row.commandId}`,
    ...(seconds !== undefined && { 'Preference-Applied': `wait=${seconds}` }),
  };
  if (seconds !== undefined && (command.state === 'failed' || command.state === 'expired')) {
    throw new Problem('command-failed', command.reason ?? command.state, { command, headers });
  }
  return { command, headers };
}

const tags = ['riders'];
const text = { type: 'string' as const };
const headers = {
  Location: { description: 'The command', schema: text },
  'Preference-Applied': { description: 'The wait that was granted, if any', schema: text },
};
const prefer = z.object({
  prefer: z.string().optional().openapi({ description: 'RFC 7240', example: 'wait=10' }),
});
const responses = {
  202: {
    ...jsonOf('The command is accepted and will end as done, failed or expired', commandShape),
    headers,
  },
  ...problems(400, 401, 413, 415, 422, 503),
};

export const importPath = '/v1/riders/import';
const mostRiders = 10_000;
const mustHold = `must be a list of 1 to ${mostRiders} rider ids`;

export const acceptRoutes = [
  endpoint('post', '/v1/riders', 'addRider', {
    tags,
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
      headers: prefer,
      ...jsonBody(
        z.object({ riderId: bodyId }, 'must be an object').openapi({ example: { riderId: 4500001 } }),
      ),
    },
    responses: {
      200: {
        ...jsonOf(
          'The rider was fetched within the time that you were ready to wait',
          z.object({ command: commandShape, rider: riderDetailShape }),
        ),
        headers,
      },
      ...responses,
    },
    answer: async (c, { db, clock, submitCommand, stopping }) => {
      const { riderId } = c.req.valid('json');
      using wait = waitOf(c.req.valid('header').prefer, clock.machine, c.req.raw.signal, stopping);
      const options = { waiting: wait.signal, commandId: c.get('onceId') };
      const row = await submitCommand({ type: 'add-rider', riderId }, options);
      const { command, headers: sent } = accepted(row, wait);
      const isDone = wait.signal !== undefined && command.state === 'done';
      const rider = isDone ? await findRider(db, riderId).catch(() => undefined) : undefined;
      if (!rider) return c.json(command, 202, sent);
      return c.json({ command, rider: riderDetailView(rider, clock.now()) }, 200, sent);
    },
  }),

  endpoint('post', importPath, 'importRiders', {
    tags,
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
      headers: prefer,
      ...jsonBody(
        z
          .object(
            { riderIds: z.array(bodyId, mustHold).min(1, mustHold).max(mostRiders, mustHold) },
            'must be an object',
          )
          .openapi({ example: { riderIds: [4500001, 4500002, 4500003] } }),
      ),
    },
    responses: {
      200: {
        ...jsonOf('It ended within the time that you were ready to wait', commandShape),
        headers,
      },
      ...responses,
    },
    answer: async (c, { clock, submitCommand, stopping }) => {
      const riderIds = [...new Set(c.req.valid('json').riderIds)];
      using wait = waitOf(c.req.valid('header').prefer, clock.machine, c.req.raw.signal, stopping);
      const options = { waiting: wait.signal, commandId: c.get('onceId') };
      const row = await submitCommand({ type: 'import-riders', riderIds }, options);
      const { command, headers: sent } = accepted(row, wait);
      return c.json(command, wait.signal && command.state === 'done' ? 200 : 202, sent);
    },
  }),
];
