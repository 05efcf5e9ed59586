import { inOrder, laneOf } from '@paceline/client';
import { laneNames } from '@paceline/shared/definition';

export interface TextStyle {
  /** Characters per line. */
  readonly width: number;
  /** Of tables, which are cut to it; without limit when the output is piped. */
  readonly tableWidth: number;
  readonly paint: Paint;
}

/** Color stands for a lane; red is for errors. */
export interface Paint {
  /** Whether lanes differ by color; otherwise by their first letter. */
  readonly colored: boolean;
  lane(lane: string, text: string): string;
  error(text: string): string;
  bold(text: string): string;
  muted(text: string): string;
}

const unstyled = (text: string) => text;
export const plain: Paint = {
  colored: false,
  lane: (_, text) => text,
  error: unstyled,
  bold: unstyled,
  muted: unstyled,
};

export const markOf = (paint: Paint, lane: string, stroke: string): string =>
  paint.colored ? paint.lane(lane, stroke) : letterOf(lane);

/** `a`dd rider, `u`rgent, `n`ear, `r`ider sync, `f`ar */
const letterOf = (lane: string): string => laneOf(lane).label.slice(0, 1);

/** @param lanes those to name beside the lanes of the syncs */
export function legend({ width, paint }: TextStyle, lanes: readonly string[] = []): string[] {
  const items = [
    ...inOrder([...laneNames, ...lanes]).map((lane) => ({
      mark: markOf(paint, lane, '┃'),
      label: laneOf(lane).label,
    })),
    ...(paint.colored
      ? [{ mark: '╎', label: 'expected' }]
      : [{ mark: '│', label: 'now; to its right: expected' }]),
    { mark: '╱', label: 'paused' },
  ];
  const lines: string[] = [];
  let room = 0;
  for (const { mark, label } of items) {
    const length = label.length + 4;
    const item = `${mark} ${paint.muted(label)}`;
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

/** A text cut to `width`, with `…` at its end. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

/** Word-wraps a text; a word longer than `width` gets its own line. */
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

const toPainted = (cell: TableCell) => (typeof cell === 'string' ? { text: cell, paint: unstyled } : cell);

export function table(
  head: readonly string[],
  rows: ReadonlyArray<readonly TableCell[]>,
  { tableWidth, paint }: TextStyle,
): string[] {
  const heading = head.map((text) => ({ text, paint: paint.muted }));
  const lines = (head.length === 0 ? rows : [heading, ...rows]).map((line) => line.map(toPainted));
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => line[column]?.text.length ?? 0)),
  );
  const gaps = 2 * (columns - 1);
  const excess = widths.reduce((sum, each) => sum + each, gaps) - tableWidth;
  if (excess > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = Math.max(8, (widths[widest] ?? 0) - excess);
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
