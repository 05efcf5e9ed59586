import { describeRun, writeSection } from '@paceline/kit/page';
import { table } from '@paceline/kit/table';
import type { Burst } from './burst.ts';
import type { LoadFigures } from './measure.ts';

type Row = readonly string[];

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

/** @param labels brokers, processes of each, workload */
export function rowOf(
  labels: Row,
  { perSecond, p50, p99, refused, journalBytes, cpu, ms }: LoadFigures,
): Row {
  const percent = (cpuMs: number) => `${Math.round((cpuMs / ms) * 100)} %`;
  const most = cpu.of.slice(0, 5).map(([name, used]) => `${name} ${percent(used)}`);
  const numbers = [perSecond.toFixed(0), p50.toFixed(1), p99.toFixed(1), String(refused)];
  return [
    ...labels,
    ...numbers,
    `${journalBytes.toFixed(0)} B`,
    percent(cpu.ours),
    percent(cpu.others),
    most.join(', '),
  ];
}

/** The burst result as lines of the page. */
export function burstLines({ requests, accepted, estimated, p50, p99, floor }: Burst): string[] {
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  return [
    `100 \`POST /v1/riders\` at once, ${requests} in total: ${accepted} accepted, ${estimated} with an estimate.`,
    '',
    `- until the 202: p50 ${ms(p50)}, p99 ${ms(p99)}`,
    `- floor, one insert and one publish: p50 ${ms(floor.p50)}, p99 ${ms(floor.p99)}`,
  ];
}

/** Writes the results into the page's section. @param load the machine's load before the run */
export async function writePage(
  rows: readonly Row[],
  burstResult: readonly string[],
  command: string,
  load: number,
): Promise<void> {
  const parts = [await describeRun(command, load), burstResult.join('\n'), table(columns, rows, isNumber)];
  await writeSection('docs/scale.md', 'npm run lab -- scale', parts);
}
