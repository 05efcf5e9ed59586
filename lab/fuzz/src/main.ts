import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, terminal, wholeNumberOf } from '@paceline/kit/arguments';
import { startTestStack } from '@paceline/kit/stack';
import { sum } from '@paceline/kit/statistics';
import { unpaddedTable } from '@paceline/kit/table';
import { sandboxClock } from '@paceline/launcher';
import { fuzzHttp, type RouteTally } from './http.ts';
import { badWorkOf, exitedSince, type MessageResults, fuzzMessages } from './messages.ts';

interface FuzzResult {
  readonly command: string;
  /** Real minutes. */
  readonly minutes: number;
  readonly routes: readonly RouteTally[];
  readonly messages: MessageResults;
  readonly exited: readonly string[];
}

/** Everything that must not happen, as printed at the end. */
function problemsIn({ routes, messages, exited }: FuzzResult): string[] {
  const bad = badWorkOf(messages.subjects);
  const failed = sum(routes.map(({ failed }) => failed));
  const undocumented = sum(routes.map(({ undocumented }) => undocumented));
  return [
    ...exited.map((name) => `${name} exited`),
    ...(failed > 0 ? [`${failed} responses with 500 or above`] : []),
    ...(undocumented > 0 ? [`${undocumented} refusals without problem+json`] : []),
    ...(messages.deadLetters === bad
      ? []
      : [`${bad} bad work messages but ${messages.deadLetters} dead letters`]),
    ...(messages.unread > 0 ? [`${messages.unread} events not processed`] : []),
    ...(messages.lost > 0 ? [`${messages.lost} valid commands not done`] : []),
  ];
}

/** The generated page `docs/fuzz.md`. */
function page(result: FuzzResult): string {
  const { command, minutes, routes, messages, exited } = result;
  const { subjects, deadLetters, validCommands, lost, unread } = messages;
  const sent = sum(subjects.map(({ bad, strange }) => bad + strange));
  const figures: ReadonlyArray<readonly [string, number | string]> = [
    ['HTTP inputs', sum(routes.map(({ inputs }) => inputs))],
    ['responses with 500 or above', sum(routes.map(({ failed }) => failed))],
    ['refusals without problem+json', sum(routes.map(({ undocumented }) => undocumented))],
    ['503 at first, answered when repeated', sum(routes.map(({ unavailable }) => unavailable))],
    ['messages', sent],
    ['bad work messages / dead letters with a reason', `${badWorkOf(subjects)} / ${deadLetters}`],
    ['valid commands after them: sent / done', `${validCommands} / ${validCommands - lost}`],
    ['events not processed', unread],
    ['processes that ended', exited.length],
  ];
  return `# Fuzz

Written by \`${command}\`, in ${minutes.toFixed(0)} minutes: invalid input to every route and every message subject of
the whole system as real processes. The same seed makes the same inputs.

${unpaddedTable(['what', 'count'], figures, (column) => column === 1)}

## Routes

Each input starts as the API document describes it, or nearly so. Two of three then get another method, odd paths, queries, headers
(also duplicate) or bodies: wrong types, huge, deep, prototype keys, no UTF-8.

- Status 0: the connection ended without an answer, as it can when a body that is too large is refused while it is being sent.
- \`API_RATE_LIMIT\` is raised for this run.
- Routes that check a schedule get at most 30 inputs, because each valid one simulates weeks of slots.
- A 503 means that a part is busy: the request is repeated and must be answered then.

${unpaddedTable(
  ['route', 'inputs', 'statuses'],
  routes.map(({ route, inputs, statuses }) => [
    `\`${route}\``,
    inputs,
    Object.entries(statuses)
      .map(([status, times]) => `${status}: ${times}`)
      .join(', '),
  ]),
  (column) => column === 1,
)}

## Subjects

- _Bad_ messages violate their contract: random bytes, huge, a missing field or another value.
- _Strange_ ones keep it, with unknown ids and timestamps. Work and operator requests are only sent bad, because strange ones would be
  carried out.
- Most have odd headers, and none has a valid trace.
- _Ignored_ includes requests to a receiver that does not exist.

${unpaddedTable(
  ['subject', 'kind', 'bad', 'strange', 'refused', 'answered', 'ignored'],
  subjects.map(({ subject, kind, bad, strange, refused, answered, ignored }) => [
    `\`${subject}\``,
    kind,
    bad,
    strange,
    ...(kind === 'request' ? [refused, answered, ignored] : ['', '', '']),
  ]),
  (column) => column === 2 || column === 3,
)}
`;
}

const usage = `npm run lab -- fuzz [--runs N] [--seed N] [--write]

Sends invalid input to every route and every message subject of the whole system as real processes.

  --runs N   inputs per subject; three times as many per route (default 100)
  --seed N   seed of the inputs (default 1)
  --write    also write docs/fuzz.md

Exit codes: 0 no problems, 1 problems (logs in .cache/fuzz-logs), 2 wrong usage.`;

/** Longer than the required minimum. */
const token = 'paceline-is-fuzzed-here';

const root = join(import.meta.dirname, '../../..');
/** Logs of a run with problems. */
const keptLogs = join(root, '.cache/fuzz-logs');

async function fuzz(runs: number, seed: number, write: boolean): Promise<number> {
  const startedAt = performance.now();
  const stack = await startTestStack(sandboxClock(Date.now(), 60), {
    API_TOKEN: token,
    API_RATE_LIMIT: '1000000',
    LOG_LEVEL: 'error',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stack.stop().finally(() => process.exit(130)));
  }
  try {
    const exited = exitedSince(stack);
    // Messages first: requests to the routes can change the schedule and delay the messages' work.
    const messages = await fuzzMessages(stack, runs, seed);
    process.stderr.write(`subjects done after ${Math.round((performance.now() - startedAt) / 1_000)} s\n`);
    const routes = await fuzzHttp(stack, runs * 3, seed, token);
    const result = {
      command: `npm run lab -- fuzz --runs ${runs} --seed ${seed} --write`,
      minutes: (performance.now() - startedAt) / 60_000,
      routes,
      messages,
      exited: exited(),
    };
    process.stdout.write(page(result));
    if (write) await writeFile(join(root, 'docs/fuzz.md'), page(result));
    const problems = problemsIn(result);
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    if (problems.length > 0) await cp(join(stack.stateFolder, 'logs'), keptLogs, { recursive: true });
    return problems.length === 0 ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

const options = {
  runs: { type: 'string', default: '100' },
  seed: { type: 'string', default: '1' },
  write: { type: 'boolean', default: false },
} as const;

process.exitCode = await runCommand(
  { usage, options },
  process.argv.slice(2),
  terminal,
  ({ runs, seed, write }) => fuzz(wholeNumberOf('--runs', runs, 1), wholeNumberOf('--seed', seed, 0), write),
);
