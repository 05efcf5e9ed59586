import { table } from '@paceline/kit/table';
import { type Bound, growthOf, type Sample, type StretchValue } from './growth.ts';

/** What is measured: a figure of a process, table, stream or folder. */
interface Measure {
  readonly of: string;
  readonly figure: MeasuredFigure;
}

export type MeasuredFigure = keyof typeof judging;

interface Judgement {
  readonly unit: 'MiB' | 'ms' | '';
  readonly bound: Bound;
  readonly value: StretchValue;
}

const mebibyte = 1_048_576;

/** How each figure is judged. */
const judging = {
  // Includes memory that allocators keep; the heap has the stricter bound.
  memory: { unit: 'MiB', bound: { share: 0.15, absolute: 16 * mebibyte }, value: 'minimum' },
  heap: { unit: 'MiB', bound: { share: 0.1, absolute: 2 * mebibyte }, value: 'minimum' },
  handles: { unit: '', bound: { share: 0.1, absolute: 3 }, value: 'median' },
  threads: { unit: '', bound: { share: 0, absolute: 1 }, value: 'median' },
  'event loop': { unit: 'ms', bound: { share: 0.5, absolute: 20 }, value: 'median' },
  disk: { unit: 'MiB', bound: { share: 0.1, absolute: 4 * mebibyte }, value: 'median' },
  // Daily volume depends on how busy the machine is. A table without deletion would double.
  rows: { unit: '', bound: { share: 0.3, absolute: 200 }, value: 'median' },
  messages: { unit: '', bound: { share: 0.1, absolute: 200 }, value: 'median' },
  connections: { unit: '', bound: { share: 0.1, absolute: 3 }, value: 'median' },
} satisfies Record<string, Judgement>;

/** The sandbox is shown but not judged: it keeps every arrival and its plans for forty days. */
const isJudged = ({ of }: Measure): boolean => of !== 'sandbox';

export interface Series extends Measure {
  readonly measured: readonly Sample[];
}

type GrowthVerdict = ReturnType<typeof verdictsOf>[number];

export const verdictsOf = (all: readonly Series[]) =>
  all.map((series) => {
    const { measured, of, figure } = series;
    const { bound, value }: Judgement = judging[figure];
    const growth = growthOf(measured, bound, value);
    const judged = isJudged(series);
    const [first, last] = [measured[0]?.value ?? Number.NaN, measured.at(-1)?.value ?? Number.NaN];
    return { of, figure, first, last, ...growth, grows: judged && growth.grows, judged };
  });

/** One line per growing figure. */
export const growing = (verdicts: readonly GrowthVerdict[]): string[] =>
  verdicts
    .filter(({ grows }) => grows)
    .map(
      ({ of, figure, growth, allowed }) =>
        `${of}: ${figure} grew by ${shown(figure, growth)} (allowed ${shown(figure, allowed)})`,
    );

/** The generated page `docs/soak.md`. */
export function page(
  soak: Record<'hours' | 'scale' | 'minutes', number> & { command: string; load: Record<string, number> },
  verdicts: readonly GrowthVerdict[],
): string {
  const rows = verdicts.map(({ of, figure, first, level, last, growth, allowed, grows, judged }) => [
    of,
    figure,
    shown(figure, first),
    shown(figure, level),
    shown(figure, last),
    signed(figure, growth),
    judged ? shown(figure, allowed) : '',
    judged ? (grows ? 'GROWS' : 'flat') : 'not judged',
  ]);
  const load = Object.entries(soak.load).map(([action, count]) => `${count} ${action}`);
  return `# Soak

Written by \`${soak.command}\`: the whole system as real processes, ${days(soak.hours)} of project time, ${soak.scale} times
faster than real time, in ${soak.minutes.toFixed(0)} minutes. Load: ${load.join(', ')}.

- Retention is two days for history and four for events here, so growth levels off within the first third.
- **Flat** means: over the last two thirds, the slope (Theil–Sen, over twelve stretches) is within the allowed growth, or not
  significant (Mann–Kendall test, 1 in 100).
- Each process collects its garbage every 15 seconds; of memory and heap the minimum of each stretch counts.
- The sandbox is shown but not judged: it keeps every arrival as evidence.

${table(['of', 'what', 'first', 'level', 'last', 'growth', 'allowed', 'verdict'], rows, (column) => column >= 2 && column <= 6)}
`;
}

const days = (hours: number) => (hours % 24 === 0 ? `${hours / 24} days` : `${hours} hours`);

function shown(figure: MeasuredFigure, value: number): string {
  if (Number.isNaN(value)) return '';
  const { unit }: Judgement = judging[figure];
  if (unit === 'MiB') return `${(value / mebibyte).toFixed(1)} MiB`;
  return unit === 'ms' ? `${value.toFixed(1)} ms` : String(Math.round(value));
}

const signed = (figure: MeasuredFigure, value: number): string =>
  `${value > 0 ? '+' : ''}${shown(figure, value)}`;
