import { lanes, laneWords } from '@paceline/dashboard/palette';
import type { Lane } from '../api/shapes.ts';

/** How something is written where it is read: how wide, and in which colours. */
export interface Look {
  /** Cells in a line. */
  readonly width: number;
  readonly paint: Paint;
}

/** Colour means lane; red means that something is wrong. */
export interface Paint {
  /** Whether lanes are told apart by colour; else by their letters. */
  readonly coloured: boolean;
  lane(lane: Lane, text: string): string;
  wrong(text: string): string;
  strong(text: string): string;
  quiet(text: string): string;
}

const asItIs = (text: string) => text;
export const plain: Paint = {
  coloured: false,
  lane: (_, text) => text,
  wrong: asItIs,
  strong: asItIs,
  quiet: asItIs,
};

/** What stands for one call of a lane: a stroke in its colour, or its letter. */
export const markOf = (paint: Paint, lane: Lane, stroke: string): string =>
  paint.coloured ? paint.lane(lane, stroke) : letterOf(lane);

/** `a`dd rider, `u`rgent, `n`ear, `r`ider sync, `f`ar */
const letterOf = (lane: Lane): string => laneWords[lane].slice(0, 1);

/** What the marks mean, in as many lines as it takes. */
export function legend({ width, paint }: Look): string[] {
  const items = [
    ...lanes.map((lane) => ({ mark: markOf(paint, lane, '┃'), words: laneWords[lane] })),
    ...(paint.coloured
      ? [{ mark: '╎', words: 'expected' }]
      : [{ mark: '│', words: 'now; right of it: expected' }]),
    { mark: '╱', words: 'closed' },
  ];
  const lines: string[] = [];
  let room = 0;
  for (const { mark, words } of items) {
    const length = words.length + 4;
    const item = `${mark} ${paint.quiet(words)}`;
    if (length > room + 2) {
      lines.push(item);
      room = width - length;
    } else {
      lines.push(`${lines.pop()}  ${item}`);
      room -= length;
    }
  }
  return lines;
}

/** A text that is no longer than `width`; what is left out is shown as `…`. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

/** Lines of whole words, none longer than `width` unless a word is. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
