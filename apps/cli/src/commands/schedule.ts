import type { Api } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import type { Judged, Schedule } from '../api/shapes.ts';
import { flag, readArguments, WrongUsage } from '../arguments.ts';
import type { Command, Context } from '../command.ts';
import { findingLines, scheduleLines, settingsLines } from '../core/schedule-lines.ts';
import { changeOf, type ScheduleChange } from '../core/settings.ts';

export const schedule: Command = {
  usage: 'schedule [set KIND.FIELD=VALUE … [--despite-errors] | reset]',
  about: 'the schedule in force; change it, or put back what is configured',
  more: 'KIND and FIELD as with plan, which says beforehand what would become of it. One with errors is refused.',
  async run(args, context) {
    const [deed, ...rest] = args;
    const { api } = context;
    if (deed === 'set') {
      const { values, given } = readArguments(rest, ['KIND.FIELD=VALUE …'], { 'despite-errors': flag });
      return put(context, changeOf(given), values['despite-errors']);
    }
    readArguments(deed === 'reset' ? rest : args, [], {});
    const found =
      deed === 'reset'
        ? await api.ask<Schedule>('DELETE', '/v1/schedule', { headers: { 'if-match': '*' } })
        : await api.get<Schedule>('/v1/schedule');
    return show(found, context);
  },
};

/** Puts a change in force, or shows why it is refused. */
export async function put(context: Context, change: ScheduleChange, despiteErrors: boolean): Promise<0 | 1> {
  try {
    return show(await changeSchedule(context.api, change, despiteErrors), context);
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.status !== 422 || context.json) throw error;
    const { findings, repaired } = error.body as Pick<Judged, 'findings' | 'repaired'>;
    const { print, look } = context.screen;
    print([
      ...findingLines(findings, look),
      'Nothing was changed. This would pass:',
      '',
      ...settingsLines(repaired, look),
    ]);
    return 1;
  }
}

function changeSchedule(api: Api, change: ScheduleChange, despiteErrors: boolean): Promise<Schedule> {
  if (Object.keys(change).length === 0) throw new WrongUsage('Nothing is to be changed');
  return api.ask('PUT', '/v1/schedule', { body: { ...change, despiteErrors }, headers: { 'if-match': '*' } });
}

function show(found: Schedule, { json, document, screen }: Context): 0 {
  if (json) document(found);
  else screen.print(scheduleLines(found, screen.look));
  return 0;
}
