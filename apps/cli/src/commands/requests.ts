import { type InputOf, projectTime, queryValues, readClock } from '@paceline/client';
import { defineCommand, text } from '../command.ts';
import { requestsLines } from '../core/requests.ts';
import { commandLine } from '../core/add.ts';
import { findCommand, required } from './find.ts';

const { state: states, type: types } = queryValues['GET /v1/commands'];

export const requests = defineCommand({
  usage: 'requests [--rider=ID] [--state=STATE] [--type=TYPE] [--limit=N]',
  summary: 'requests to add riders, newest first, and what each waits for',
  details: 'N: default 20, max 500.',
  choices: { STATE: states, TYPE: types },
  options: { rider: text, state: text, type: text, limit: text },
  async run(_, { api, screen, json, printJson }, { rider, ...values }) {
    // The API validates the values.
    const query = { limit: 20, riderId: rider, ...values } as InputOf<'GET /v1/commands'>['query'];
    const list = await api.call('GET /v1/commands', { query });
    if (json) printJson(list);
    else screen.print(requestsLines(list.items, projectTime(await readClock(api)), screen.look));
    return 0;
  },
});

export const cancel = defineCommand({
  usage: 'cancel REQUEST',
  summary: 'cancel a waiting request',
  details: 'REQUEST: its id, or the first characters of it, as `paceline requests` prints them.',
  takes: ['REQUEST'],
  async run([id = ''], { api, screen, json, printJson }) {
    const { commandId } = required(await findCommand(api, id), `Request ${id}`);
    const command = await api.call('POST /v1/commands/{commandId}/cancel', { path: { commandId } });
    if (json) printJson(command);
    else screen.print([commandLine(command, projectTime(await readClock(api)), screen.look)]);
    return 0;
  },
});
