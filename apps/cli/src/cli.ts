import { ApiProblem, createApi, Unreachable, errorText } from '@paceline/client';
import { sentenceCase } from '@paceline/client/text';
import { type Context, type Subcommand, type CliEnvironment } from './command.ts';
import { wrap } from './core/look.ts';
import { UsageError } from './core/usage.ts';
import { allCommands, groups } from './commands/index.ts';
import { createScreen } from './screen.ts';

export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unavailable: 69,
  notAllowed: 77,
  interrupted: 130,
} as const;
/** Real ms. The API responds within 30 s, if only with an error. */
const requestTimeoutMs = 35_000;
const helpWidth = 110;
const defaultUrl = 'http://127.0.0.1:3000';

export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<number> {
  const json = args.includes('--json');
  const { output, errorOutput, signal } = environment;
  try {
    const commandArgs = args.filter((arg) => arg !== '--json');
    return await runCommand(commandArgs, json, environment);
  } catch (error) {
    // The progress line has no line end yet.
    if (output.isTTY && !json) output.write('\n');
    if (signal.aborted) return exitCodes.interrupted;
    errorOutput.write(`${json ? JSON.stringify(errorDocument(error)) : errorMessage(error)}\n`);
    return exitCodeOf(error);
  }
}

async function runCommand(
  args: readonly string[],
  json: boolean,
  environment: CliEnvironment,
): Promise<number> {
  const [name, ...rest] = args;
  const { env, output, errorOutput, signal } = environment;
  const command = name === undefined ? undefined : allCommands[name];
  if (args.includes('--help') || args.includes('-h') || name === 'help') {
    output.write(`${command ? commandHelp(command) : generalHelp()}\n`);
    return exitCodes.ok;
  }
  if (!command)
    throw new UsageError(
      name === undefined
        ? generalHelp()
        : `Unknown ${name.startsWith('-') ? 'option' : 'command'} "${name}". See paceline --help`,
    );
  const context: Context = {
    ...environment,
    api: createApi({
      url: urlOf(env),
      token: env.PACELINE_TOKEN || undefined,
      signal,
      timeoutMs: requestTimeoutMs,
      retries: 0,
    }),
    screen: createScreen(output, env),
    json,
    printJson: (value, format) =>
      void output.write(`${JSON.stringify(value, undefined, format === 'line' ? 0 : 2)}\n`),
    warn: (text) => void errorOutput.write(`${text}\n`),
  };
  try {
    return await command.run(rest, context);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message}\n\nUsage: paceline ${command.usage}`, { cause: error });
  }
}

function urlOf(env: NodeJS.ProcessEnv): string {
  const url = URL.parse(env.PACELINE_URL || defaultUrl);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`PACELINE_URL must be a URL such as ${defaultUrl}`);
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

function errorMessage(error: unknown): string {
  const message = error instanceof Error ? errorText(error) : String(error);
  if (error instanceof ApiProblem && error.status === 401) return `${message}. Set PACELINE_TOKEN`;
  return error instanceof Unreachable
    ? `${message}. Start it, or set PACELINE_URL if it runs elsewhere`
    : message;
}

const errorDocument = (error: unknown): object =>
  error instanceof ApiProblem
    ? { ...error.body, status: error.status, errors: error.errors }
    : { detail: errorMessage(error) };

const listOf = (commands: Readonly<Record<string, Subcommand>>): string =>
  Object.entries(commands)
    .map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
    .join('\n');

const generalHelp = (): string =>
  `Usage: paceline COMMAND [--json]

${Object.entries(groups)
  .map(([title, commands]) => `${title}:\n${listOf(commands)}`)
  .join('\n\n')}

Help for one command: paceline COMMAND --help

The CLI uses only the HTTP API. Times are UTC, on Paceline's clock, which can run faster with a sandbox.

Environment:
  PACELINE_URL    URL of the API, default ${defaultUrl}
  PACELINE_TOKEN  operator or viewer token, if the API requires one
  NO_COLOR        turns colors off; they are on in a terminal only

--json prints the response as one JSON document, and errors as JSON on stderr.

Exit codes:
  0    success
  1    failed, or not found
  2    wrong usage
  69   the API, or a service behind it, is not responding
  77   token missing, invalid or not allowed to do this
  130  interrupted with Ctrl-C`;

function commandHelp({ usage, summary, details, choices }: Subcommand): string {
  const values = Object.entries(choices).flatMap(([name, each]) =>
    wrap(`${name}: ${each.join(', ')}`, helpWidth),
  );
  const notes = [...values, ...(details === undefined ? [] : [details])];
  return [
    `Usage: paceline ${usage} [--json]\n\n${sentenceCase(summary)}.`,
    ...(notes.length > 0 ? [notes.join('\n')] : []),
  ].join('\n\n');
}
