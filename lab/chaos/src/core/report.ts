import { sum } from '@paceline/kit/statistics';
import { table } from '@paceline/kit/table';
import { faultKinds } from './fault.ts';
import { type Figure, figures, lawNames, type SeedVerdict } from './verdict.ts';

/** The page of the documentation that tells what many seeds came to. */
export const page = (command: string, verdicts: readonly SeedVerdict[]): string => `# Chaos

The whole system as real processes (a broker cluster, several of most services, Postgres, an upstream that judges), under
load on a clock that runs faster, broken by a seed's schedule of faults and judged when it has come to rest. What each
fault is, and what it can't imitate: [operating](operating.md#break-it). This page is written by

\`\`\`sh
${command} --write docs/chaos.md
\`\`\`

Recovery is in real seconds: from when a fault was healed (or struck, when it heals by itself) until every service was
ready, something that was asked for was accepted, and a call was made with a permit. Faults that overlap, or begin before
another is over, are over at once.

${report(verdicts)}
`;

/** What many seeds came to, as tables in Markdown that can be read as they are. */
export const report = (verdicts: readonly SeedVerdict[]): string =>
  [survived(verdicts), lawsHeld(verdicts), figuresOf(verdicts), complaints(verdicts)]
    .map(([head, rows]) => table(head, rows, (column) => column > 0))
    .join('\n\n');

type Table = readonly [head: readonly string[], rows: ReadonlyArray<readonly (string | number)[]>];

function survived(verdicts: readonly SeedVerdict[]): Table {
  const felt = verdicts.flatMap(({ recoveries }) => recoveries);
  const rows = faultKinds.flatMap((kind) => {
    const its = felt.filter((each) => each.kind === kind);
    return its.length === 0 ? [] : [[kind, its.length, worst(its.map(({ took }) => took))]];
  });
  return [['fault', 'how many', 'worst recovery'], rows];
}

function worst(took: readonly (number | undefined)[]): string {
  if (took.includes(undefined)) return 'never';
  return `${(Math.max(...(took as number[])) / 1_000).toFixed(1)} s`;
}

const lawsHeld = (verdicts: readonly SeedVerdict[]): Table => [
  ['law', 'broken'],
  lawNames.map((name) => [name, sum(verdicts.map(({ breaches }) => breaches[name]?.length ?? 0))]),
];

const figuresOf = (verdicts: readonly SeedVerdict[]): Table => [
  ['load', `${verdicts.length} seeds`],
  Object.entries(figures).map(([name, [words]]) => [
    words,
    sum(verdicts.map((each) => each.figures[name as Figure])),
  ]),
];

/** What faults excuse, so that one can see whether they should. */
function complaints(verdicts: readonly SeedVerdict[]): Table {
  const all = verdicts.flatMap(({ figures: { complaints: its } }) => Object.entries(its));
  const rows = [...Map.groupBy(all, ([message]) => message)].map(
    ([message, its]) =>
      [message.replaceAll('|', '/').slice(0, 140), sum(its.map(([, count]) => count))] as const,
  );
  return [['error', 'how often'], rows.toSorted(([, a], [, b]) => b - a)];
}

/** What broke, and how to see it again. */
export function tellBreaches(
  { seed, breaches }: SeedVerdict,
  again: string,
  folder: string | undefined,
): string {
  const broken = Object.entries(breaches).filter(([, each]) => each.length > 0);
  return [
    `Seed ${seed} broke:`,
    ...broken.flatMap(([law, each]) => [
      `  ${each.length} ${law}:`,
      ...each.slice(0, 12).map((sentence) => `    ${sentence.split('\n').join('\n    ')}`),
    ]),
    `  again: ${again}`,
    ...(folder ? [`  state and logs: ${folder}`] : []),
  ].join('\n');
}
