import { ApiProblem, createApi, Unreachable, errorText } from '@paceline/client';
import { type Context, type Subcommand, type CliEnvironment } from './command.ts';
import { UsageError } from './core/usage.ts';
import { pause, resume } from './commands/pause.ts';
import { addRider, importRiders } from './commands/riders.ts';
import { run, runs } from './commands/runs.ts';
import { plan, schedule } from './commands/schedule.ts';
import { alerts, status, tail } from './commands/status.ts';
import { createScreen } from './screen.ts';

const commands: Readonly<Record<string, Subcommand>> = {
  status,
  'add-rider': addRider,
  import: importRiders,
  runs,
  run,
  tail,
  plan,
  schedule,
  pause,
  resume,
  alerts,
};

export const exitCodes = {
  fine: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  notAllowed: 77,
  interrupted: 130,
} as const;
/** Real ms. The API answers within half a minute, or says that it cannot. */
const longestAnswerMs = 35_000;
const usualUrl = 'http://127.0.0.1:3000';

export async function runCli(args: readonly string[], surroundings: CliEnvironment): Promise<number> {
  const json = args.includes('--json');
  const { output, errors, signal } = surroundings;
  try {
    const others = args.filter((arg) => arg !== '--json');
    return await carryOut(others, json, surroundings);
  } catch (error) {
    // What was shown last may have no end of line yet.
    if (output.isTTY && !json) output.write('\n');
    if (signal.aborted) return exitCodes.interrupted;
    errors.write(`${json ? JSON.stringify(documentOf(error)) : sentenceOf(error)}\n`);
    return exitCodeOf(error);
  }
}

async function carryOut(
  args: readonly string[],
  json: boolean,
  surroundings: CliEnvironment,
): Promise<number> {
  const [name, ...rest] = args;
  const { env, output, errors, signal } = surroundings;
  const command = name === undefined ? undefined : commands[name];
  if (args.includes('--help') || args.includes('-h') || name === 'help') {
    output.write(`${command ? helpOf(command) : help()}\n`);
    return exitCodes.fine;
  }
  if (!command)
    throw new UsageError(name === undefined ? help() : `There is no command "${name}": see paceline --help`);
  const context: Context = {
    ...surroundings,
    api: createApi({
      url: urlOf(env),
      token: env.PACELINE_TOKEN || undefined,
      signal,
      timeoutMs: longestAnswerMs,
    }),
    screen: createScreen(output, env),
    json,
    document: (value, oneOfSeveral) =>
      void output.write(`${JSON.stringify(value, undefined, oneOfSeveral ? 0 : 2)}\n`),
    say: (text) => void errors.write(`${text}\n`),
  };
  try {
    return await command.run(rest, context);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}\n\npaceline ${command.usage}`, { cause: error });
  }
}

function urlOf(env: NodeJS.ProcessEnv): string {
  const url = URL.parse(env.PACELINE_URL || usualUrl);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`PACELINE_URL must be a URL such as ${usualUrl}`);
  return url.origin;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof Unreachable) return exitCodes.unavailable;
  if (!(error instanceof ApiProblem)) return exitCodes.failed;
  const { status } = error;
  if (status === 401 || status === 403) return exitCodes.notAllowed;
  if (status === 400) return exitCodes.usage;
  return status === 503 ? exitCodes.unavailable : exitCodes.failed;
}

function sentenceOf(error: unknown): string {
  const said = error instanceof Error ? errorText(error) : String(error);
  if (error instanceof ApiProblem && error.status === 401) return `${said}: set PACELINE_TOKEN`;
  return error instanceof Unreachable ? `${said}. Set PACELINE_URL if it is elsewhere` : said;
}

const documentOf = (error: unknown): object =>
  error instanceof ApiProblem
    ? { ...error.body, status: error.status, errors: error.errors }
    : { detail: sentenceOf(error) };

const help = (): string =>
  `paceline COMMAND [--json]

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
  .join('\n')}

  paceline COMMAND --help says more of one.

It talks to the HTTP API and to nothing else. Moments are project time, in UTC.

  PACELINE_URL    where the API is; default ${usualUrl}
  PACELINE_TOKEN  the token of an operator or a viewer, where the API wants one
  NO_COLOR        when set: no colors. There are none either where no terminal is

--json writes what the API says as one document, and what is wrong to stderr as another one.

Exit codes: 0 fine. 1 it failed, or there is no such thing. 2 called wrongly. 69 the API, or a part of Paceline, does not
answer. 77 the token is missing, wrong, or does not allow it. 130 ended by Ctrl-C.`;

const helpOf = ({ usage, about, more }: Subcommand): string =>
  `paceline ${usage} [--json]\n\n${about.slice(0, 1).toUpperCase()}${about.slice(1)}.${more === undefined ? '' : `\n\n${more}`}`;
