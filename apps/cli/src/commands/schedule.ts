import { ApiProblem, type Schedule, type ScheduleEdit } from '@paceline/client';
import { kindNames } from '@paceline/shared/definition';
import { type Context, defineCommand, flag, text, texts } from '../command.ts';
import { missingArgument, unexpectedArgument, wholeNumber, UsageError } from '../core/usage.ts';
import {
  changeOf,
  findingLines,
  judgedLines,
  goalsOf,
  scheduleLines,
  settingsLines,
} from '../core/schedule.ts';

export const plan = defineCommand({
  usage: 'plan [--set=KIND.FIELD=VALUE …] [--goal=KIND=TIME …] [--near=N] [--far=N]',
  summary: 'check the schedule, or a change to it, without applying anything',
  details: [
    'FIELD: mode, opens, duration, skip, catchUp. Or --set=timeZone=ZONE.',
    '--near, --far: number of events within the hour, within two days.',
    '--goal: max time between two refreshes, such as near=60m or far=cycle (in every slot).',
    'Exits with 1 if there are errors.',
  ].join('\n'),
  choices: { KIND: kindNames },
  options: { set: texts, goal: texts, near: text, far: text },
  async run(_, { api, screen, json, printJson }, { set, goal, near, far }) {
    const judged = await api.call('POST /v1/schedule/lint', {
      body: {
        ...changeOf(set),
        goals: goalsOf(goal),
        near: wholeNumber('--near', near),
        far: wholeNumber('--far', far),
      },
    });
    if (json) printJson(judged);
    else screen.print(judgedLines(judged, screen.look));
    return judged.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
});

export const schedule = defineCommand({
  usage: 'schedule [set KIND.FIELD=VALUE … [--despite-errors]] | [reset]',
  summary: 'show the schedule, change it, or reset it to the configuration',
  details: [
    'KIND and FIELD: as for `paceline plan`, which checks a change without applying it.',
    'A schedule with errors is rejected unless --despite-errors is given.',
  ].join('\n'),
  takes: ['[set|reset]', '[KIND.FIELD=VALUE …]'],
  options: { 'despite-errors': flag },
  async run([verb, ...settings], context, values) {
    const { api } = context;
    if (verb === 'set') {
      if (settings.length === 0) throw missingArgument('KIND.FIELD=VALUE');
      return changeSchedule(context, changeOf(settings), values['despite-errors']);
    }
    const surplus = verb === 'reset' ? settings[0] : verb;
    if (surplus !== undefined) throw unexpectedArgument(surplus);
    const found =
      verb === 'reset'
        ? await api.call('DELETE /v1/schedule', { headers: { 'if-match': '*' } })
        : await api.call('GET /v1/schedule');
    return showSchedule(found, context);
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
    return showSchedule(
      await context.api.call('PUT /v1/schedule', { body, headers: { 'if-match': '*' } }),
      context,
    );
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 422 || context.json) throw error;
    const { findings = [], repaired } = error.body;
    const { print, look } = context.screen;
    print([
      ...findingLines(findings, look),
      ...(repaired
        ? ['Nothing was changed. This schedule would be accepted:', '', ...settingsLines(repaired, look)]
        : []),
    ]);
    return 1;
  }
}

export function showSchedule(found: Schedule, { json, printJson, screen }: Context): 0 {
  if (json) printJson(found);
  else screen.print(scheduleLines(found, screen.look));
  return 0;
}
