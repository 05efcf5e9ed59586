import { createApi } from './api/client.ts';
import { ApiProblem, Unreachable } from './api/problem.ts';
import { WrongUsage } from './arguments.ts';
import type { Context } from './command.ts';
import { commands } from './commands/index.ts';
import { WrongSetting } from './core/settings.ts';
import { help, helpOf } from './help.ts';
import { createScreen, type Output } from './screen.ts';

/** What a command line is run in: of a process, or of a test. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly output: Output;
  readonly errors: Output;
  /** All of a file, or with `-` of what is piped in. */
  read(file: string): Promise<string>;
  readonly signal: AbortSignal;
}

export const exitCodes = {
  fine: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  notAllowed: 77,
  interrupted: 130,
} as const;
const usualUrl = 'http://127.0.0.1:3000';

/** Runs one command. @returns the exit code of the process */
export async function runCli(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const json = args.includes('--json');
  const { output, errors, signal } = surroundings;
  try {
    return await carryOut(
      args.filter((arg) => arg !== '--json'),
      json,
      surroundings,
    );
  } catch (error) {
    // What was shown last may have no end of line yet.
    if (output.isTTY && !json) output.write('\n');
    if (signal.aborted) return exitCodes.interrupted;
    errors.write(`${json ? JSON.stringify(documentOf(error)) : wordsOf(error)}\n`);
    return exitCodeOf(error);
  }
}

async function carryOut(args: readonly string[], json: boolean, surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = args;
  const { env, output, errors, read, signal } = surroundings;
  const wantsHelp = args.includes('--help') || args.includes('-h') || name === 'help';
  const command = name === undefined ? undefined : commands[name];
  if (wantsHelp) {
    output.write(`${command ? helpOf(command) : help()}\n`);
    return exitCodes.fine;
  }
  if (!command)
    throw new WrongUsage(name === undefined ? help() : `There is no command "${name}": see paceline --help`);
  const context: Context = {
    api: createApi({ url: urlOf(env), token: env.PACELINE_TOKEN || undefined, signal }),
    screen: createScreen(output, env),
    json,
    document: (value, oneOfSeveral) =>
      void output.write(`${JSON.stringify(value, undefined, oneOfSeveral ? 0 : 2)}\n`),
    say: (text) => void errors.write(`${text}\n`),
    read,
    signal,
  };
  try {
    return await command.run(rest, context);
  } catch (error) {
    if (error instanceof WrongSetting || error instanceof WrongUsage)
      throw new WrongUsage(`${error.message}\n\npaceline ${command.usage}`, { cause: error });
    throw error;
  }
}

/** @throws {WrongUsage} */
function urlOf(env: NodeJS.ProcessEnv): string {
  const url = env.PACELINE_URL || usualUrl;
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new WrongUsage('PACELINE_URL must be a URL such as http://127.0.0.1:3000');
  }
  return url;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof WrongUsage) return exitCodes.usage;
  if (error instanceof Unreachable) return exitCodes.unavailable;
  if (!(error instanceof ApiProblem)) return exitCodes.failed;
  const { status } = error;
  if (status === 401 || status === 403) return exitCodes.notAllowed;
  if (status === 400) return exitCodes.usage;
  return status === 503 ? exitCodes.unavailable : exitCodes.failed;
}

const wordsOf = (error: unknown): string => {
  const said = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiProblem && error.status === 401) return `${said}: set PACELINE_TOKEN`;
  return error instanceof Unreachable ? `${said}. Set PACELINE_URL if it is elsewhere` : said;
};

const documentOf = (error: unknown): object =>
  error instanceof ApiProblem ? error.body : { detail: wordsOf(error) };
