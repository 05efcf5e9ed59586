import type { Judged } from '../api/shapes.ts';
import { readArguments, text, texts, wholeNumber } from '../arguments.ts';
import type { Command } from '../command.ts';
import { judgedLines } from '../core/schedule-lines.ts';
import { changeOf, promisesOf } from '../core/settings.ts';

export const plan: Command = {
  usage: 'plan [--set=KIND.FIELD=VALUE …] [--promise=KIND=TIME …] [--near=N] [--far=N]',
  about: 'judge the schedule in force, or a change of it; changes nothing',
  more: [
    'KIND: rider, near, far, results. FIELD: mode, opens, duration, skip, catchUp; or --set=timeZone=ZONE.',
    '--near and --far: how many events there are within the hour and within two days. --promise: how often each is to be',
    'refreshed at the least, such as near=60m or far=cycle. The exit code is 1 when there are errors.',
  ].join('\n'),
  async run(args, { api, screen, json, document }) {
    const { values } = readArguments(args, [], { set: texts, promise: texts, near: text, far: text });
    const [near, far] = [wholeNumber('--near', values.near), wholeNumber('--far', values.far)];
    const judged = await api.ask<Judged>('POST', '/v1/schedule/lint', {
      body: {
        ...changeOf(values.set),
        promises: promisesOf(values.promise),
        ...(near !== undefined && { near }),
        ...(far !== undefined && { far }),
      },
    });
    if (json) document(judged);
    else screen.print(judgedLines(judged, screen.look));
    return judged.findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  },
};
