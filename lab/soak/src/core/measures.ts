import type { Bound } from './growth.ts';

/** Something that is measured again and again: of what, which of its figures, and how that is judged. */
export interface Measure {
  readonly of: string;
  readonly figure: Figure;
}

export type Figure =
  | 'memory'
  | 'heap'
  | 'handles'
  | 'threads'
  | 'event loop'
  | 'disk'
  | 'rows'
  | 'messages'
  | 'connections';

interface Judging {
  readonly unit: 'MiB' | 'ms' | '';
  readonly bound: Bound;
  readonly of: 'least' | 'middle';
}

const mebibyte = 1_048_576;

/** How much each figure may grow over the last two thirds of a soak. */
export const judging: Readonly<Record<Figure, Judging>> = {
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
};

/** The sandbox keeps every arrival, to judge by them, and what it has planned for forty days: it is shown, not judged. */
export const isJudged = ({ of }: Measure): boolean => of !== 'sandbox';
