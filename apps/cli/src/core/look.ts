import { type Lane, laneNames, lanes } from '@paceline/shared/definition';

export interface Look {
  /** Cells in a line. */
  readonly width: number;
  readonly paint: Paint;
}

/** Color means lane; red means that something is wrong. */
export interface Paint {
  /** Whether colors tell lanes apart; else their letters do. */
  readonly colored: boolean;
  lane(lane: Lane, text: string): string;
  wrong(text: string): string;
  strong(text: string): string;
  quiet(text: string): string;
}

const asItIs = (text: string) => text;
export const plain: Paint = {
  colored: false,
  lane: (_, text) => text,
  wrong: asItIs,
  strong: asItIs,
  quiet: asItIs,
};

export const markOf = (paint: Paint, lane: Lane, stroke: string): string =>
  paint.colored ? paint.lane(lane, stroke) : letterOf(lane);

/** `a`dd rider, `u`rgent, `n`ear, `r`ider sync, `f`ar */
const letterOf = (lane: Lane): string => lanes[lane].label.slice(0, 1);

export function legend({ width, paint }: Look): string[] {
  const items = [
    ...laneNames.map((lane) => ({ mark: markOf(paint, lane, '┃'), words: lanes[lane].label })),
    ...(paint.colored
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

export type TableCell = string | { readonly text: string; readonly paint: (text: string) => string };

const asPainted = (cell: TableCell) => (typeof cell === 'string' ? { text: cell, paint: asItIs } : cell);

export function table(
  head: readonly string[],
  rows: ReadonlyArray<readonly TableCell[]>,
  { width, paint }: Look,
): string[] {
  const heading = head.map((text) => ({ text, paint: paint.quiet }));
  const lines = (head.length === 0 ? rows : [heading, ...rows]).map((line) => line.map(asPainted));
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => line[column]?.text.length ?? 0)),
  );
  const gaps = 2 * (columns - 1);
  const tooMuch = widths.reduce((sum, each) => sum + each, gaps) - width;
  if (tooMuch > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = Math.max(8, (widths[widest] ?? 0) - tooMuch);
  }
  return lines.map((line) =>
    line
      .map((cell, column) => {
        const room = widths[column] ?? 0;
        const text = cut(cell.text, room);
        return cell.paint(text) + (column === line.length - 1 ? '' : ' '.repeat(room - text.length));
      })
      .join('  ')
      .trimEnd(),
  );
}
