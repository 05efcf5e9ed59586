import type { Command as Wish, Rider } from '../api/shapes.ts';
import { oneOf, readArguments, text, WrongUsage } from '../arguments.ts';
import type { Command } from '../command.ts';
import { commandLine, endLines, riderLines } from '../core/command-lines.ts';
import { followCommand } from '../follow-command.ts';
import { projectTime } from '../project-time.ts';

export const addRider: Command = {
  usage: 'add-rider ID [--wait=no]',
  about: 'fetch a rider now, and show how it goes until the rider is here',
  more: 'With --wait=no it returns as soon as the wish is taken. Ctrl-C leaves the wish where it is: it goes on.',
  async run(args, context) {
    const { values, given } = readArguments(args, ['ID'], { wait: text });
    const wait = oneOf('--wait', values.wait, ['yes', 'no']) ?? 'yes';
    const [id = ''] = given;
    if (!/^\d+$/.test(id)) throw new WrongUsage(`"${id}" is not the id of a rider`);
    const { api, screen, json, document } = context;
    const time = await projectTime(api);
    const taken = await api.ask<Wish>('POST', '/v1/riders', {
      body: { riderId: Number(id) },
      once: api.newKey(),
    });
    if (wait === 'no') {
      if (json) document(taken);
      else screen.print([commandLine(taken, time.now(), screen.look), `/v1/commands/${taken.commandId}`]);
      return 0;
    }
    const ended = await followCommand(taken, time, context);
    const isHere = ended.state === 'done';
    if (json) document(ended);
    else
      screen.endProgress(
        isHere
          ? riderLines(await api.get<Rider>(`/v1/riders/${id}`), screen.look)
          : endLines(ended, time.now(), screen.look),
      );
    return isHere ? 0 : 1;
  },
};
