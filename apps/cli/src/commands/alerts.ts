import type { Alert, List } from '../api/shapes.ts';
import { flag, readArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { alertLines } from '../core/alert-lines.ts';

export const alerts: Command = {
  usage: 'alerts [--all]',
  about: 'what is wrong, why, since when, and what to do',
  more: '--all shows also what is over, newest first.',
  async run(args, { api, screen, json, document }) {
    const { all } = readArguments(args, [], { all: flag }).values;
    const list = await api.get<List<Alert>>(`/v1/alerts?limit=50${all ? '' : '&state=open'}`);
    if (json) document(list);
    else screen.print(alertLines(list.items, screen.look));
    return 0;
  },
};
