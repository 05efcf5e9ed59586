import { ApiProblem, type Schedule, type ScheduleEdit } from '@paceline/client';
import { kindNames } from '@paceline/shared/definition';
import { type Context, defineCommand, flag, text, texts } from '../command.ts';
import { unexpected, wholeNumber, UsageError } from '../core/usage.ts';
import {
  changeOf,
  findingLines,
  judgedLines,
  promisesOf,
  scheduleLines,
  settingsLines,
} from '../core/schedule.ts';

export const plan = defineCommand({
  usage: 'plan [--set=KIND.FIELD=VALUE …] [--promise=KIND=TIME …] [--near=N] [--far=N]',
  about: 'judge the schedule in force, or a change of it; changes nothing',
  more: [
    `KIND: ${kindNames.join(', ')}. FIELD: mode, opens, duration, skip, catchUp; or --set=timeZone=ZONE.`,
    '--near and --far: how many events there are within the hour and within two days. --promise: how often each is to be',
    'refreshed at the least, such as near=60m or far=cycle. The exit code is 1 when there are errors.',
  ].join('\n'),
  options: { set: texts, promise: texts, near: text, far: text },
  async run(_, { api, screen, json, document }, { set, promise, near, far }) {
    const judged = await api.call('POST /v1/schedule/lint', {
      body: {
        ...changeOf(set),
        promises: promisesOf(promise),
        near: wholeNumber('--near', near),
        far: wholeNumber('--far', far),
      },
    });
    if (json) document(judged);
    else screen.print(judgedLines(judged, screen.look));
    return judged.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
});

export const schedule = defineCommand({
  usage: 'schedule [set KIND.FIELD=VALUE … [--despite-errors] | reset]',
  about: 'the schedule in force; change it, or put back what is configured',
  more: 'KIND and FIELD as with plan, which says beforehand what would become of it. One with errors is refused.',
  takes: ['[set]', '[KIND.FIELD=VALUE …]'],
  options: { 'despite-errors': flag },
  async run([verb, ...settings], context, values) {
    const { api } = context;
    if (verb === 'set') {
      if (settings.length === 0) throw new UsageError('KIND.FIELD=VALUE is missing');
      return changeSchedule(context, changeOf(settings), values['despite-errors']);
    }
    const surplus = verb === 'reset' ? settings[0] : verb;
    if (surplus !== undefined) throw unexpected(surplus);
    const found =
      verb === 'reset'
        ? await api.call('DELETE /v1/schedule', { headers: { 'if-match': '*' } })
        : await api.call('GET /v1/schedule');
    return show(found, context);
  },
});

export async function changeSchedule(
  context: Context,
  change: ScheduleEdit,
  despiteErrors: boolean,
): Promise<0 | 1> {
  if (Object.keys(change).length === 0) throw new UsageError('No changes given');
  try {
    const body = { ...change, despiteErrors };
    return show(await context.api.call('PUT /v1/schedule', { body, headers: { 'if-match': '*' } }), context);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 422 || context.json) throw error;
    const { findings = [], repaired } = error.body;
    const { print, look } = context.screen;
    print([
      ...findingLines(findings, look),
      ...(repaired ? ['Nothing was changed. This would pass:', '', ...settingsLines(repaired, look)] : []),
    ]);
    return 1;
  }
}

function show(found: Schedule, { json, document, screen }: Context): 0 {
  if (json) document(found);
  else screen.print(scheduleLines(found, screen.look));
  return 0;
}
