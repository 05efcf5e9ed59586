import { z } from '@hono/zod-openapi';
import type { ScheduleReply } from '@paceline/shared/contracts';
import type { Context } from 'hono';
import { wholeNumber } from '../http/params.ts';
import { Problem, problems } from '../http/problem.ts';
import { answers, endpoint, jsonBody, jsonOf } from '../http/route.ts';
import { changeBody, changeOf, judgeOf, lintBody, mostThings, promisesQuery } from './body.ts';
import { forecastShape, forecastView, judgedShape, judgedView, scheduleShape, scheduleView } from './view.ts';

const tags = ['schedule'];
const answer = {
  ...jsonOf('The schedule in force; its version is the ETag', scheduleShape),
  headers: { etag: { schema: { type: 'string', example: '"7"' } } },
} as const;
const headers = z.object({
  'if-match': z
    .string()
    .optional()
    .openapi({ description: 'The ETag of the schedule that is to be changed, or `*`', example: '"7"' }),
});

export const scheduleRoutes = [
  endpoint('get', '/v1/schedule', 'getSchedule', {
    tags,
    summary: 'The schedule in force, where it comes from, and the slots that open next',
    responses: { 200: answer, ...problems(401, 503) },
    answer: async (c, { scheduler }) => show(c, await scheduler.schedule()),
  }),

  endpoint('put', '/v1/schedule', 'changeSchedule', {
    tags,
    summary: 'Change the schedule at once: what is not named stays as it is',
    description:
      'It is judged first, and refused when there are errors, unless `despiteErrors` says that it is wanted all the same. Slots that are open stay as they are. It holds until the variables change, or `DELETE`.',
    request: { headers, ...jsonBody(changeBody) },
    responses: { 200: answer, ...problems(400, 401, 412, 422, 428, 503) },
    answer: async (c, { scheduler }) => {
      const version = versionOf(c.req.valid('header'));
      const { despiteErrors, ...body } = c.req.valid('json');
      return show(c, await scheduler.change({ version, change: changeOf(body), despiteErrors }));
    },
  }),

  endpoint('delete', '/v1/schedule', 'putBackSchedule', {
    tags,
    summary: 'Put back the schedule that the variables say',
    request: { headers },
    responses: { 200: answer, ...problems(400, 401, 412, 428, 503) },
    answer: async (c, { scheduler }) => {
      const version = versionOf(c.req.valid('header'));
      return show(c, await scheduler.change({ version, change: null, despiteErrors: true }));
    },
  }),

  endpoint('post', '/v1/schedule/lint', 'lintSchedule', {
    tags,
    summary: 'Judge a change of the schedule, and change nothing',
    request: jsonBody(lintBody),
    responses: answers('What is wrong with it, what it comes to, and how it would pass', judgedShape, 400),
    answer: async (c, { scheduler }) =>
      c.json(judgedView(await scheduler.judge(judgeOf(c.req.valid('json')))), 200),
  }),

  endpoint('get', '/v1/forecast', 'getForecast', {
    tags,
    summary: 'What a busy day of the schedule in force comes to, against the limits',
    request: {
      query: z.object({
        near: wholeNumber(0, mostThings).optional(),
        far: wholeNumber(0, mostThings).optional(),
        promises: promisesQuery,
      }),
    },
    responses: answers('By kind and by budget', forecastShape, 400),
    answer: async (c, { scheduler }) => {
      const judged = await scheduler.judge(judgeOf(c.req.valid('query')));
      return c.json(forecastView(judged.forecast), 200);
    },
  }),
];

/** The version that a client changes, so that none overwrites another; null: any. @throws {Problem} */
function versionOf({ 'if-match': match }: z.infer<typeof headers>): number | null {
  if (match === undefined) {
    throw new Problem('version-needed', 'Send If-Match with the ETag of GET /v1/schedule, or *');
  }
  if (match.trim() === '*') return null;
  const [, version = '-1'] = /^"(\d{1,15})"$/.exec(match.trim()) ?? [];
  return Number(version);
}

function show(c: Context, found: ScheduleReply) {
  switch (found.answer) {
    case 'in_force':
      c.header('etag', `"${found.schedule.version}"`);
      return c.json(scheduleView(found.schedule), 200);
    case 'changed_meanwhile':
      throw new Problem('changed-meanwhile', 'The schedule in force is another one than If-Match names', {
        headers: { etag: `"${found.version}"` },
      });
    case 'refused': {
      const { findings, repaired, promises } = judgedView(found.check);
      const errors = findings.filter(({ severity }) => severity === 'error');
      throw new Problem('schedule-refused', errors.map(({ message }) => message).join(' '), {
        schedule: { findings, repaired, promises },
      });
    }
  }
}
