import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { table } from '@paceline/kit/table';
import type { Burst } from './burst.ts';
import type { LoadFigures } from './measure.ts';

type Row = readonly string[];

const pageFile = join(import.meta.dirname, '../../../docs/scale.md');
const [begins, ends] = ['<!-- written by npm run lab -- scale -->', '<!-- until here -->'];
const columns = [
  'brokers',
  'of each',
  'what',
  'a second',
  'p50 ms',
  'p99 ms',
  'refused',
  'journal',
  'CPU, ours',
  'CPU, others',
  'most CPU',
];
const isNumber = (column: number) => !['what', 'most CPU'].includes(columns[column] ?? '');

/** @param of brokers, processes of each, what is measured */
export function rowOf(of: Row, { perSecond, p50, p99, refused, journalBytes, cpu }: LoadFigures): Row {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const most = cpu.of.slice(0, 5).map(([name, share]) => `${name} ${percent(share)}`);
  const numbers = [perSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), String(refused)];
  return [
    ...of,
    ...numbers,
    `${journalBytes.toFixed(0)} B`,
    percent(cpu.ours),
    percent(cpu.others),
    most.join(', '),
  ];
}

/** What a hundred adds at once came to, as lines of the page. */
export function burstLines({ requests, accepted, estimated, p50, p99, floor }: Burst): string[] {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return [
    `100 \`POST /v1/riders\` at once, ${requests} in all: ${accepted} accepted, ${estimated} with the estimate.`,
    '',
    `- until the 202: p50 ${ms(p50)}, p99 ${ms(p99)}`,
    `- floor, one insert and one publish: p50 ${ms(floor.p50)}, p99 ${ms(floor.p99)}`,
  ];
}

/** Puts what was measured where the page has it. @param load of the machine before anything began */
export async function writePage(
  rows: readonly Row[],
  hundredAtOnce: readonly string[],
  command: string,
  load: number,
): Promise<void> {
  const page = await readFile(pageFile, 'utf8');
  const [before, rest] = page.split(begins);
  const [, after] = rest?.split(ends) ?? [];
  if (after === undefined) throw new Error(`docs/scale.md has no place between ${begins} and ${ends}`);
  const machine =
    `\`${command}\` on ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'}) with Node ` +
    `${process.versions.node}; the machine's load before it was ${load.toFixed(1)}.`;
  await writeFile(
    pageFile,
    [
      before,
      begins,
      ...[machine, hundredAtOnce.join('\n'), table(columns, rows, isNumber)].map((part) => `\n\n${part}`),
      '\n\n',
      ends,
      after,
    ].join(''),
  );
}
