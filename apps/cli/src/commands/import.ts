import type { Command as Wish, CommandRider } from '../api/shapes.ts';
import { oneOf, readArguments, text, WrongUsage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { commandLine, endLines, failedLines } from '../core/command-lines.ts';
import { idsIn, WrongList } from '../core/ids.ts';
import { followCommand } from '../follow-command.ts';
import { projectTime } from '../project-time.ts';

export const importRiders: Command = {
  usage: 'import FILE|- [--wait=no]',
  about: 'fetch many riders, and name at the end those who could not be had',
  more: [
    'One id a line, or CSV with a heading that names the column riderId (zwiftId, zwid and id are understood too).',
    'With - it reads what is piped in. The exit code is 1 when a rider could not be had.',
  ].join('\n'),
  async run(args, context) {
    const { values, given } = readArguments(args, ['FILE'], { wait: text });
    const wait = oneOf('--wait', values.wait, ['yes', 'no']) ?? 'yes';
    const riderIds = idsOf(await context.read(given[0] ?? '-'));
    const { api, screen, json, document } = context;
    const time = await projectTime(api);
    const taken = await api.ask<Wish>('POST', '/v1/riders/import', {
      body: { riderIds },
      once: api.newKey(),
    });
    if (wait === 'no') {
      if (json) document(taken);
      else screen.print([commandLine(taken, time.now(), screen.look), `/v1/commands/${taken.commandId}`]);
      return 0;
    }
    const ended = await followCommand(taken, time, context);
    const failed = await api.all<CommandRider>(
      `/v1/commands/${ended.commandId}/riders?outcome=failed&limit=500`,
    );
    if (json) document({ ...ended, failed });
    else {
      screen.endProgress(endLines(ended, time.now(), screen.look));
      screen.print(failedLines(failed, screen.look));
    }
    return ended.state === 'done' && failed.length === 0 ? 0 : 1;
  },
};

function idsOf(content: string): number[] {
  try {
    return idsIn(content);
  } catch (error) {
    if (error instanceof WrongList) throw new WrongUsage(error.message);
    throw error;
  }
}
