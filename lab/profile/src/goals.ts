import type { AddFigures } from './add.ts';
import type { RestFigures } from './rest.ts';

interface Goal {
  readonly about: string;
  /** `least`: at least this much; otherwise at most. */
  readonly goal: { readonly most: number } | { readonly least: number };
  readonly measured: number;
  readonly unit: string;
}

const notServices = new Set(['postgres', 'nats', 'sandbox', 'launcher']);
const mebibyte = 1_048_576;

export const goalsOfAdd = ({ cpu, done, accepted, statements }: AddFigures): Goal[] => [
  { about: 'CPU of each added rider', goal: { most: 5 }, measured: cpu.system, unit: 'ms' },
  {
    about: 'SQL statements of each added rider',
    goal: { most: 6 },
    measured: statements.busy.perAdd,
    unit: '',
  },
  { about: 'added riders a second', goal: { least: 350 }, measured: done.perSecond, unit: '' },
  { about: 'POST to the 202, p50', goal: { most: 15 }, measured: accepted.p50, unit: 'ms' },
  { about: 'POST to the 202, p99', goal: { most: 60 }, measured: accepted.p99, unit: 'ms' },
];

export const goalsOfRest = ({ cpu, statements, memory }: RestFigures): Goal[] => [
  { about: 'CPU at rest, of a core', goal: { most: 2 }, measured: cpu.all * 100, unit: '%' },
  { about: 'SQL statements a second at rest', goal: { most: 1 }, measured: statements.perSecond, unit: '' },
  {
    about: 'memory of the largest service, resident',
    goal: { most: 120 },
    measured: largest(memory.of.filter(({ name }) => !notServices.has(name))) / mebibyte,
    unit: 'MiB',
  },
  {
    about: 'memory of everything, shared pages once',
    goal: { most: 800 },
    measured: memory.pss / mebibyte,
    unit: 'MiB',
  },
];

const largest = (of: RestFigures['memory']['of']): number => Math.max(...of.map(({ rss }) => rss));

export const isMet = ({ goal, measured }: Goal): boolean =>
  'most' in goal ? measured <= goal.most : measured >= goal.least;

/** e.g. `≤ 5 ms` */
export const goalText = ({ goal, unit }: Goal): string =>
  ('most' in goal ? `≤ ${goal.most} ${unit}` : `≥ ${goal.least} ${unit}`).trim();
