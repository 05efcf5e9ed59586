import { z } from '@hono/zod-openapi';
import type { ChangeSchedule, ScheduleReply } from '@paceline/shared/contracts';
import type { Context } from 'hono';
import { kindNames, type SyncKind } from '@paceline/shared/definition';
import { endOfPause, pauseBody } from '../http/pause.ts';
import { oneOf, wholeNumber } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import { jsonResponses, endpoint, jsonBody, jsonOf } from '../http/route.ts';
import { changeBody, changeOf, checkRequestOf, lintBody, maxEvents, goalsQuery } from './body.ts';
import {
  forecastShape,
  forecastView,
  scheduleCheckShape,
  scheduleCheckView,
  scheduleShape,
  scheduleView,
} from './view.ts';

const tags = ['schedule'];
const scheduleResponse = {
  ...jsonOf('The current schedule; its version is the ETag', scheduleShape),
  headers: { etag: { schema: { type: 'string', example: '"7"' } } },
} as const;
const headers = z.object({
  'if-match': z
    .string()
    .optional()
    .openapi({ description: 'The ETag of the schedule to change, or `*`', example: '"7"' }),
});

const kindParams = z.object({ kind: oneOf(kindNames) });

/** A pause needs no check: it only takes slots away. */
const pauseOf = (kind: SyncKind, until: number | null): ChangeSchedule => ({
  version: null,
  change: { pausedUntil: { [kind]: until } },
  despiteErrors: true,
});

export const scheduleRoutes = [
  endpoint('get', '/v1/schedule', 'getSchedule', {
    tags,
    summary: 'Get the current schedule, its source and the next slots',
    responses: { 200: scheduleResponse, ...problems(401, 503) },
    handler: async (c, { scheduler }) => respond(c, await scheduler.schedule()),
  }),

  endpoint('put', '/v1/schedule', 'changeSchedule', {
    tags,
    summary: 'Change the schedule now; omitted fields keep their values',
    description:
      'The change is checked first and rejected if it has errors, unless `despiteErrors` is set. Open slots are not affected. The change applies until the configuration variables change, or until `DELETE`.',
    request: { headers, ...jsonBody(changeBody) },
    responses: { 200: scheduleResponse, ...problems(400, 401, 412, 422, 428, 503) },
    handler: async (c, { scheduler }) => {
      const version = versionOf(c.req.valid('header'));
      const { despiteErrors, ...body } = c.req.valid('json');
      return respond(c, await scheduler.change({ version, change: changeOf(body), despiteErrors }));
    },
  }),

  endpoint('delete', '/v1/schedule', 'resetSchedule', {
    tags,
    summary: 'Reset the schedule to the configured one',
    request: { headers },
    responses: { 200: scheduleResponse, ...problems(400, 401, 412, 428, 503) },
    handler: async (c, { scheduler }) => {
      const version = versionOf(c.req.valid('header'));
      return respond(c, await scheduler.change({ version, change: null, despiteErrors: true }));
    },
  }),

  endpoint('put', '/v1/syncs/{kind}/pause', 'pauseSync', {
    tags,
    summary: 'Pause a sync: it opens no slots until the pause ends',
    description:
      'Open slots are not affected, and slots that the pause skips are not caught up. A paused near sync makes no urgent calls either.',
    request: { params: kindParams, ...jsonBody(pauseBody) },
    responses: { 200: scheduleResponse, ...problems(400, 401, 503) },
    handler: async (c, { scheduler, clock }) => {
      const until = endOfPause(c.req.valid('json'), clock.now());
      return respond(c, await scheduler.change(pauseOf(c.req.valid('param').kind, until)));
    },
  }),

  endpoint('delete', '/v1/syncs/{kind}/pause', 'resumeSync', {
    tags,
    summary: 'End the pause of a sync early',
    request: { params: kindParams },
    responses: { 200: scheduleResponse, ...problems(400, 401, 503) },
    handler: async (c, { scheduler }) =>
      respond(c, await scheduler.change(pauseOf(c.req.valid('param').kind, null))),
  }),

  endpoint('post', '/v1/schedule/lint', 'lintSchedule', {
    tags,
    summary: 'Check a schedule change without applying it',
    request: jsonBody(lintBody),
    responses: jsonResponses('Findings, forecast and a repaired schedule', scheduleCheckShape, 400),
    handler: async (c, { scheduler }) =>
      c.json(scheduleCheckView(await scheduler.check(checkRequestOf(c.req.valid('json')))), 200),
  }),

  endpoint('get', '/v1/forecast', 'getForecast', {
    tags,
    summary: 'Forecast a busy day of the current schedule against the rate limits',
    request: {
      query: z.object({
        near: wholeNumber(0, maxEvents).optional(),
        far: wholeNumber(0, maxEvents).optional(),
        goals: goalsQuery,
      }),
    },
    responses: jsonResponses('The forecast by kind and by budget', forecastShape, 400),
    handler: async (c, { scheduler }) => {
      const check = await scheduler.check(checkRequestOf(c.req.valid('query')));
      return c.json(forecastView(check.forecast), 200);
    },
  }),
];

/** Returns the version that the client has read, to prevent lost updates; null: any version. @throws {Problem} */
function versionOf({ 'if-match': match }: z.infer<typeof headers>): number | null {
  if (match === undefined) {
    throw new Problem('version-required', 'Send If-Match with the ETag of GET /v1/schedule, or *');
  }
  if (match.trim() === '*') return null;
  const [, version = '-1'] = /^"(\d{1,15})"$/.exec(match.trim()) ?? [];
  return Number(version);
}

function respond(c: Context, reply: ScheduleReply) {
  switch (reply.answer) {
    case 'in_force':
      c.header('etag', `"${reply.schedule.version}"`);
      return c.json(scheduleView(reply.schedule), 200);
    case 'changed_meanwhile': {
      const etag = `"${reply.version}"`;
      const detail = `If-Match does not match the current version ${etag}`;
      throw new Problem('version-conflict', detail, { headers: { etag } });
    }
    case 'refused': {
      const { findings, repaired, goals } = scheduleCheckView(reply.check);
      const errors = findings.filter(({ severity }) => severity === 'error');
      throw new Problem('schedule-refused', errors.map(({ message }) => message).join(' '), {
        schedule: { findings, repaired, goals },
      });
    }
  }
}
