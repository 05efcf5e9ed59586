import { follow } from '../api/follow.ts';
import { readArguments, text, wholeNumber } from '../arguments.ts';
import type { Command } from '../command.ts';
import { toldLines } from '../core/told-line.ts';
import { projectTime } from '../project-time.ts';

export const tail: Command = {
  usage: 'tail [--types=A,B] [--after=ID]',
  about: 'what happens, as it happens, until Ctrl-C',
  more: [
    'Types: run.changed, command.changed, permits.changed, conflict, alert, alert.changed, source.changed,',
    'freshness.measured, schedule.changed. After a broken connection it goes on where it was, each thing once; --after goes',
    'on behind an id. --json writes a line for each: type, id, data.',
  ].join('\n'),
  async run(args, { api, screen, json, document, say, signal }) {
    const { values } = readArguments(args, [], { types: text, after: text });
    const after = wholeNumber('--after', values.after);
    const time = await projectTime(api);
    const onBroken = (why: string) => say(`${why}; connecting again …`);
    for await (const heard of follow(api, { types: values.types, after }, signal, onBroken)) {
      if (json) document(heard, 'line');
      else screen.print(toldLines(heard, time.now(), screen.look));
    }
    return 0;
  },
};
