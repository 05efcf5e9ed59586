import { faultKinds } from './fault.ts';
import { type Figures, lawNames, type Verdict } from './verdict.ts';

/** What many seeds came to, as tables in Markdown that can be read as they are. */
export function report(verdicts: readonly Verdict[]): string {
  return [survived(verdicts), lawsHeld(verdicts), figures(verdicts), complaints(verdicts)].join('\n\n');
}

function survived(verdicts: readonly Verdict[]): string {
  const felt = verdicts.flatMap(({ recoveries }) => recoveries);
  const rows = faultKinds.flatMap((kind) => {
    const its = felt.filter((each) => each.kind === kind);
    return its.length === 0 ? [] : [[kind, String(its.length), worst(its.map(({ took }) => took))]];
  });
  return table(['fault', 'how many', 'worst recovery'], rows);
}

function worst(took: readonly (number | undefined)[]): string {
  if (took.includes(undefined)) return 'never';
  return `${(Math.max(...(took as number[])) / 1_000).toFixed(1)} s`;
}

const lawsHeld = (verdicts: readonly Verdict[]): string =>
  table(
    ['law', 'broken'],
    lawNames.map((name) => [name, String(sum(verdicts.map(({ breaches }) => breaches[name]?.length ?? 0)))]),
  );

type Count = Exclude<keyof Figures, 'reasons' | 'complaints'>;

const words: Record<Count, string> = {
  accepted: 'commands accepted',
  done: 'commands done',
  failed: 'commands failed or cancelled, with the reason',
  expired: 'commands expired, with the reason',
  unanswered: 'requests that were not answered for 25 s',
  refused: 'requests that were refused, with the reason',
  calls: 'calls that arrived upstream',
  rejected: 'of these rejected, because of a changed limit or a foreign caller',
  runs: 'runs of the syncs',
  failedRuns: 'of these failed, with the reason',
  riders: 'riders stored',
  lostByBroker: 'commands that the broker lost, handed on anew',
  errors: 'errors in logs that a fault explains',
};

const figures = (verdicts: readonly Verdict[]): string =>
  table(
    ['load', `${verdicts.length} seeds`],
    (Object.keys(words) as Count[]).map((name) => [
      words[name],
      String(sum(verdicts.map((each) => each.figures[name]))),
    ]),
  );

/** What faults excuse, so that one can see whether they should. */
function complaints(verdicts: readonly Verdict[]): string {
  const counts = new Map<string, number>();
  for (const { figures: each } of verdicts)
    for (const [said, count] of Object.entries(each.complaints))
      counts.set(said, (counts.get(said) ?? 0) + count);
  const rows = [...counts].toSorted((a, b) => b[1] - a[1]);
  return table(
    ['error', 'how often'],
    rows.map(([said, count]) => [said.replaceAll('|', '/').slice(0, 140), String(count)]),
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)].join('\n');
}

/** What broke, and how to see it again. */
export function tellBreaches({ seed, breaches }: Verdict, again: string, folder: string | undefined): string {
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
