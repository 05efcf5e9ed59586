import { table } from '@paceline/kit/table';
import { type Bound, growthOf, type Sample } from './growth.ts';

/** Something that is measured again and again: of what, which of its figures, and how that is judged. */
interface Measure {
  readonly of: string;
  readonly figure: Figure;
}

export type Figure = keyof typeof judging;

interface Judging {
  readonly unit: 'MiB' | 'ms' | '';
  readonly bound: Bound;
  readonly of: 'least' | 'middle';
}

const mebibyte = 1_048_576;

/** How much each figure may grow over the last two thirds of a soak. */
const judging = {
  // Also what the allocators keep in hand: the heap is the stricter judge.
  memory: { unit: 'MiB', bound: { share: 0.15, least: 16 * mebibyte }, of: 'least' },
  heap: { unit: 'MiB', bound: { share: 0.1, least: 2 * mebibyte }, of: 'least' },
  handles: { unit: '', bound: { share: 0.1, least: 3 }, of: 'middle' },
  threads: { unit: '', bound: { share: 0, least: 1 }, of: 'middle' },
  'event loop': { unit: 'ms', bound: { share: 0.5, least: 20 }, of: 'middle' },
  disk: { unit: 'MiB', bound: { share: 0.1, least: 4 * mebibyte }, of: 'middle' },
  // What goes through in a day depends on how busy the machine is. Whatever is never deleted doubles.
  rows: { unit: '', bound: { share: 0.3, least: 200 }, of: 'middle' },
  messages: { unit: '', bound: { share: 0.1, least: 200 }, of: 'middle' },
  connections: { unit: '', bound: { share: 0.1, least: 3 }, of: 'middle' },
} satisfies Record<string, Judging>;

/** The sandbox keeps every arrival, to judge by them, and what it has planned for forty days: it is shown, not judged. */
const isJudged = ({ of }: Measure): boolean => of !== 'sandbox';

/** What was measured of something in the course of a soak. */
export interface Series extends Measure {
  readonly measured: readonly Sample[];
}

type GrowthVerdict = ReturnType<typeof verdictsOf>[number];

export const verdictsOf = (all: readonly Series[]) =>
  all.map((series) => {
    const { measured, of, figure } = series;
    const { bound, of: stretch }: Judging = judging[figure];
    const growth = growthOf(measured, bound, stretch);
    const judged = isJudged(series);
    const [first, last] = [measured[0]?.value ?? Number.NaN, measured.at(-1)?.value ?? Number.NaN];
    return { of, figure, first, last, ...growth, grows: judged && growth.grows, judged };
  });

/** Whatever grows, in a sentence each. */
export const growing = (verdicts: readonly GrowthVerdict[]): string[] =>
  verdicts
    .filter(({ grows }) => grows)
    .map(
      ({ of, figure, growth, allowed }) =>
        `${of}: ${figure} has grown by ${shown(figure, growth)}, ${shown(figure, allowed)} are allowed`,
    );

/** The table as a page of the documentation. */
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
  const load = Object.entries(soak.load).map(([what, count]) => `${count} ${what}`);
  return `# Soak

Written by \`${soak.command}\`: the whole system as real processes lived
${days(soak.hours)}, ${soak.scale} times faster than we do, in ${soak.minutes.toFixed(0)} minutes. Meanwhile there were ${load.join(', ')}.

History is kept for two days here and events for four, so that what grows levels off within the first third. **Flat** means:
over the last two thirds, the slope (Theil and Sen's, over twelve stretches) comes to no more than is allowed, or it is no
steadier than chance makes it (Mann and Kendall's test, 1 in 100). Each process clears its garbage away every fifteen
seconds, and of memory and heap the least of each stretch counts: what is held. The sandbox is shown and not judged: it
keeps every arrival, to judge by them.

${table(['of', 'what', 'first', 'level', 'last', 'growth', 'allowed', 'verdict'], rows, (column) => column >= 2 && column <= 6)}
`;
}

const days = (hours: number) => (hours % 24 === 0 ? `${hours / 24} days` : `${hours} hours`);

function shown(figure: Figure, value: number): string {
  if (Number.isNaN(value)) return '';
  const { unit }: Judging = judging[figure];
  if (unit === 'MiB') return `${(value / mebibyte).toFixed(1)} MiB`;
  return unit === 'ms' ? `${value.toFixed(1)} ms` : String(Math.round(value));
}

const signed = (figure: Figure, value: number): string => `${value > 0 ? '+' : ''}${shown(figure, value)}`;
