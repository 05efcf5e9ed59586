import { createRoute, z } from '@hono/zod-openapi';
import type { ScheduleAnswer, ScheduleChange } from '@paceline/shared/contracts';
import type { Context } from 'hono';
import type { Schedules } from '../adapters/schedules.ts';
import { forecastView, judgedView } from '../core/judged.ts';
import { scheduleView } from '../core/schedule.ts';
import { Forecast, JudgedSchedule, Schedule } from '../http/components.ts';
import { wholeNumber } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import { changeBody, changeOf, judgeOf, lintBody, promisesQuery, mostThings } from '../http/schedule-body.ts';
import type { AddRoutes } from './services.ts';

const tags = ['schedule'];
const answer = {
  description: 'The schedule in force; its version is the ETag',
  headers: { etag: { schema: { type: 'string', example: '"7"' } } },
  content: { 'application/json': { schema: Schedule } },
} as const;
const headers = z.object({
  'if-match': z
    .string()
    .optional()
    .openapi({ description: 'The ETag of the schedule that is to be changed, or `*`', example: '"7"' }),
});
const json = <S extends z.ZodType>(schema: S) => ({
  body: { required: true, content: { 'application/json': { schema } } },
});

const read = createRoute({
  method: 'get',
  path: '/v1/schedule',
  operationId: 'getSchedule',
  tags,
  summary: 'The schedule in force, where it comes from, and the slots that open next',
  responses: { 200: answer, ...problems(401, 503) },
});

const change = createRoute({
  method: 'put',
  path: '/v1/schedule',
  operationId: 'changeSchedule',
  tags,
  summary: 'Change the schedule at once: what is not named stays as it is',
  description:
    'It is judged first, and refused when there are errors, unless `despiteErrors` says that it is wanted all the same. Slots that are open stay as they are. It holds until the variables change, or `DELETE`.',
  request: { headers, ...json(changeBody) },
  responses: { 200: answer, ...problems(400, 401, 412, 422, 428, 503) },
});

const putBack = createRoute({
  method: 'delete',
  path: '/v1/schedule',
  operationId: 'putBackSchedule',
  tags,
  summary: 'Put back the schedule that the variables say',
  request: { headers },
  responses: { 200: answer, ...problems(400, 401, 412, 428, 503) },
});

const lint = createRoute({
  method: 'post',
  path: '/v1/schedule/lint',
  operationId: 'lintSchedule',
  tags,
  summary: 'Judge a change of the schedule, and change nothing',
  request: json(lintBody),
  responses: {
    200: {
      description: 'What is wrong with it, what it comes to, and how it would pass',
      content: { 'application/json': { schema: JudgedSchedule } },
    },
    ...problems(400, 401, 503),
  },
});

const forecast = createRoute({
  method: 'get',
  path: '/v1/forecast',
  operationId: 'getForecast',
  tags,
  summary: 'What a busy day of the schedule in force comes to, against the limits',
  request: {
    query: z.object({
      near: wholeNumber(0, mostThings).optional(),
      far: wholeNumber(0, mostThings).optional(),
      promises: promisesQuery,
    }),
  },
  responses: {
    200: { description: 'By kind and by budget', content: { 'application/json': { schema: Forecast } } },
    ...problems(400, 401, 503),
  },
});

export const scheduleRoutes: AddRoutes = (app, { schedules }) => {
  app.openapi(read, async (c) => show(c, await schedules.now()));

  app.openapi(change, async (c) => {
    const { despiteErrors, ...body } = c.req.valid('json');
    return show(c, await changeTo(schedules, c.req.valid('header'), changeOf(body), despiteErrors));
  });

  app.openapi(putBack, async (c) => show(c, await changeTo(schedules, c.req.valid('header'), null, true)));

  app.openapi(lint, async (c) =>
    c.json(judgedView(await schedules.judge(judgeOf(c.req.valid('json')))), 200),
  );

  app.openapi(forecast, async (c) => {
    const judged = await schedules.judge(judgeOf(c.req.valid('query')));
    return c.json(forecastView(judged.forecast), 200);
  });
};

/** Two who change it at once must not overwrite each other: each says which one it changes. */
function changeTo(
  schedules: Schedules,
  { 'if-match': match }: z.infer<typeof headers>,
  wanted: ScheduleChange | null,
  despiteErrors: boolean,
): Promise<ScheduleAnswer> {
  if (match === undefined) {
    throw new Problem('version-needed', 'Send If-Match with the ETag of GET /v1/schedule, or *');
  }
  const [, version = '-1'] = /^"(\d{1,15})"$/.exec(match.trim()) ?? [];
  return schedules.change({
    version: match.trim() === '*' ? null : Number(version),
    change: wanted,
    despiteErrors,
  });
}

function show(c: Context, found: ScheduleAnswer) {
  switch (found.answer) {
    case 'in_force':
      c.header('etag', `"${found.schedule.version}"`);
      return c.json(scheduleView(found.schedule), 200);
    case 'changed_meanwhile':
      throw new Problem('changed-meanwhile', 'The schedule in force is another one than If-Match names', {
        headers: { etag: `"${found.version}"` },
      });
    case 'refused': {
      const { findings, repaired, promises } = judgedView(found.judged);
      const errors = findings.filter(({ severity }) => severity === 'error');
      throw new Problem('schedule-refused', errors.map(({ message }) => message).join(' '), {
        schedule: { findings, repaired, promises },
      });
    }
  }
}
