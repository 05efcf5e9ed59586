import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, terminal, wholeNumberOf } from '@paceline/kit/arguments';
import { startTestStack } from '@paceline/kit/stack';
import { sum } from '@paceline/kit/statistics';
import { unpaddedTable } from '@paceline/kit/table';
import { sandboxClock } from '@paceline/launcher';
import { fuzzHttp, type RouteTally } from './http.ts';
import { badWorkOf, crashedSince, type Fuzzed, fuzzMessages } from './messages.ts';

interface Found {
  readonly command: string;
  /** Real minutes that it took. */
  readonly minutes: number;
  readonly routes: readonly RouteTally[];
  readonly messages: Fuzzed;
  readonly crashed: readonly string[];
}

/** What is not as it has to be, as sentences. */
function wrongIn({ routes, messages, crashed }: Found): string[] {
  const bad = badWorkOf(messages.subjects);
  const failed = sum(routes.map(({ failed }) => failed));
  const untold = sum(routes.map(({ untold }) => untold));
  return [
    ...crashed.map((name) => `${name} has ended`),
    ...(failed > 0 ? [`${failed} answers were 500 or above`] : []),
    ...(untold > 0 ? [`${untold} refusals were no problem+json`] : []),
    ...(messages.deadLetters === bad
      ? []
      : [`${bad} bad work messages, ${messages.deadLetters} dead letters`]),
    ...(messages.unread > 0 ? [`${messages.unread} events were not taken in`] : []),
    ...(messages.lost > 0 ? [`${messages.lost} good commands were not done`] : []),
  ];
}

/** The page that docs/fuzz.md is. Longer than other functions: it is one text. */
function page(found: Found): string {
  const { command, minutes, routes, messages, crashed } = found;
  const { subjects, deadLetters, neighbours, lost, unread } = messages;
  const sent = sum(subjects.map(({ bad, strange }) => bad + strange));
  const figures: ReadonlyArray<readonly [string, number | string]> = [
    ['HTTP inputs', sum(routes.map(({ inputs }) => inputs))],
    ['answered with 500 or above', sum(routes.map(({ failed }) => failed))],
    ['refusals that are no problem+json', sum(routes.map(({ untold }) => untold))],
    ['503 at first, answered when asked again', sum(routes.map(({ away }) => away))],
    ['messages', sent],
    ['bad work messages / dead letters with a reason', `${badWorkOf(subjects)} / ${deadLetters}`],
    ['good commands behind them: sent / done', `${neighbours} / ${neighbours - lost}`],
    ['events that were not taken in', unread],
    ['processes that ended', crashed.length],
  ];
  return `# Fuzz

Written by \`${command}\`, in ${minutes.toFixed(0)} minutes: what nobody
should send, sent to every route and every subject of the whole system as real processes. The same seed makes the same inputs.

${unpaddedTable(['what', 'how many'], figures, (column) => column === 1)}

## Routes

Each input begins as the document of the API describes it, or nearly so; two of three then have another method, odd paths,
queries, headers (also twice) or bodies: wrong types, huge, deep, of prototype keys, no UTF-8. Status 0: the connection ended
without an answer, as it may when a body that is too large is refused while it is still being sent. The limit for a client is
raised by \`API_RATE_LIMIT\`. What judges a schedule is asked at most thirty times: each right input is weeks of slots told
over, one after the other. A 503 says that a part has its hands full: it is asked again, and must be answered then.

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

Bad messages break their contract: bytes, garbage, huge, one field gone or of another value. Strange ones keep it, with ids
and moments that nobody knows; work and orders are only sent bad, for strange ones would be carried out. Most have odd
headers, all have none of a good trace. \`ignored\` also are requests to who is not there.

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

Sends what nobody should send to every route and every subject of the whole system, as real processes.

  --runs N   to each subject, three times as many to each route (default 100)
  --seed N   the same inputs again (default 1)
  --write    to docs/fuzz.md too

Exit code 0: nothing has ended, failed or gone lost. 1: something has; .cache/fuzz-logs says more. 2: called wrongly.`;

/** Longer than the shortest that is allowed. */
const token = 'paceline-is-fuzzed-here';

const root = join(import.meta.dirname, '../../..');
/** The logs of a run that found something. */
const kept = join(root, '.cache/fuzz-logs');

async function fuzz(runs: number, seed: number, write: boolean): Promise<number> {
  const began = performance.now();
  const stack = await startTestStack(sandboxClock(Date.now(), 60), {
    API_TOKEN: token,
    API_RATE_LIMIT: '1000000',
    LOG_LEVEL: 'error',
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stack.stop().finally(() => process.exit(130)));
  }
  try {
    const crashed = crashedSince(stack);
    // What the routes are asked for may change the schedule and so hold up the work of the subjects.
    const messages = await fuzzMessages(stack, runs, seed);
    process.stderr.write(
      `the subjects are through after ${Math.round((performance.now() - began) / 1_000)} s\n`,
    );
    const routes = await fuzzHttp(stack, runs * 3, seed, token);
    const found = {
      command: `npm run lab -- fuzz --runs ${runs} --seed ${seed} --write`,
      minutes: (performance.now() - began) / 60_000,
      routes,
      messages,
      crashed: crashed(),
    };
    process.stdout.write(page(found));
    if (write) await writeFile(join(root, 'docs/fuzz.md'), page(found));
    const wrong = wrongIn(found);
    for (const sentence of wrong) process.stderr.write(`${sentence}\n`);
    if (wrong.length > 0) await cp(join(stack.stateFolder, 'logs'), kept, { recursive: true });
    return wrong.length === 0 ? 0 : 1;
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
