import { sum } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { count } from '@paceline/shared/words';
import { faultKinds } from './fault.ts';
import { type FigureName, figures, lawNames, type SeedVerdict } from './verdict.ts';

/** The generated page `docs/chaos.md`. */
export const page = (command: string, verdicts: readonly SeedVerdict[]): string => `# Chaos

The whole system as real processes (a broker cluster, several of most services, Postgres, a sandbox that judges), under load on a
faster clock, broken by a seed's schedule of faults and checked at rest. The faults and their limits:
[testing](testing.md#chaos). This page is written by

\`\`\`sh
${command} --write docs/chaos.md
\`\`\`

Recovery is in real seconds: from when a fault was healed (or started, if it heals by itself) until every service was ready, a
command was accepted and a call was made. Overlapping faults end together.

${report(verdicts)}
`;

/** Results of all seeds as padded Markdown tables. */
export const report = (verdicts: readonly SeedVerdict[]): string =>
  [survived(verdicts), lawsHeld(verdicts), figuresOf(verdicts), logErrorsOf(verdicts)]
    .map(([head, rows]) => table(head, rows, (column) => column > 0))
    .join('\n\n');

type Table = readonly [head: readonly string[], rows: ReadonlyArray<readonly (string | number)[]>];

function survived(verdicts: readonly SeedVerdict[]): Table {
  const felt = verdicts.flatMap(({ recoveries }) => recoveries);
  const rows = faultKinds.flatMap((kind) => {
    const its = felt.filter((each) => each.kind === kind);
    return its.length === 0 ? [] : [[kind, its.length, worst(its.map(({ took }) => took))]];
  });
  return [['fault', 'count', 'worst recovery'], rows];
}

function worst(took: readonly (number | undefined)[]): string {
  if (took.includes(undefined)) return 'never';
  return `${(Math.max(...(took as number[])) / 1_000).toFixed(1)} s`;
}

const lawsHeld = (verdicts: readonly SeedVerdict[]): Table => [
  ['invariant', 'violations'],
  lawNames.map((name) => [name, sum(verdicts.map(({ violations }) => violations[name]?.length ?? 0))]),
];

const figuresOf = (verdicts: readonly SeedVerdict[]): Table => [
  ['load', count(verdicts.length, 'seed')],
  Object.entries(figures).map(([name, [words]]) => [
    words,
    sum(verdicts.map((each) => each.figures[name as FigureName])),
  ]),
];

/** Errors explained by faults, for review. */
function logErrorsOf(verdicts: readonly SeedVerdict[]): Table {
  const all = verdicts.flatMap(({ figures: { logErrors: its } }) => Object.entries(its));
  const rows = [...Map.groupBy(all, ([message]) => message)].map(
    ([message, its]) =>
      [message.replaceAll('|', '/').slice(0, 140), sum(its.map(([, count]) => count))] as const,
  );
  return [['error', 'count'], rows.toSorted(([, a], [, b]) => b - a)];
}

/** Violated laws and how to reproduce them. */
export function describeViolations(
  { seed, violations }: SeedVerdict,
  command: string,
  folder: string | undefined,
): string {
  const broken = Object.entries(violations).filter(([, each]) => each.length > 0);
  return [
    `Seed ${seed} violated:`,
    ...broken.flatMap(([law, each]) => [
      `  ${each.length} ${law}:`,
      ...each.slice(0, 12).map((sentence) => `    ${sentence.split('\n').join('\n    ')}`),
    ]),
    `  repeat with: ${command}`,
    ...(folder ? [`  state and logs: ${folder}`] : []),
  ].join('\n');
}
