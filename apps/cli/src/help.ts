import type { Command } from './command.ts';
import { commands } from './commands/index.ts';

const width = 12;

/** What there is, where it is asked, and what the exit codes mean. */
export const help = (): string =>
  `paceline COMMAND [--json]

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(width)}${about}`)
  .join('\n')}

  paceline COMMAND --help says more of one.

It talks to the HTTP API and to nothing else. Moments are project time, in UTC.

  PACELINE_URL    where the API is; http://127.0.0.1:3000 unless told
  PACELINE_TOKEN  the token of an operator or a viewer, where the API wants one
  NO_COLOR        when set: no colours. There are none either where no terminal is

--json writes what the API says as one document, and what is wrong to stderr as another one.

Exit codes: 0 fine. 1 it failed, or there is no such thing. 2 called wrongly. 69 the API, or a part of Paceline, does not
answer. 77 the token is missing, wrong, or does not allow it. 130 ended by Ctrl-C.`;

export const helpOf = ({ usage, about, more }: Command): string =>
  `paceline ${usage} [--json]\n\n${about.slice(0, 1).toUpperCase()}${about.slice(1)}.${more === undefined ? '' : `\n\n${more}`}`;
