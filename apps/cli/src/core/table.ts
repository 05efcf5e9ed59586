import { cut, type Look } from './look.ts';

/** A text, and how it is painted once its place is known. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

const textOf = (cell: Cell | undefined): string =>
  cell === undefined ? '' : typeof cell === 'string' ? cell : cell.text;
const painted = (cell: Cell | undefined, text: string): string =>
  cell === undefined || typeof cell === 'string' ? text : cell.paint(text);

/**
 * Columns that line up. When a line is too long, the widest column is cut.
 * @param head is left out when it is empty
 */
export function table(
  head: readonly string[],
  rows: ReadonlyArray<readonly Cell[]>,
  { width, paint }: Look,
): string[] {
  const heading = head.map((text) => ({ text, paint: paint.quiet }));
  const lines = head.length === 0 ? rows : [heading, ...rows];
  const columns = Math.max(0, ...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => textOf(line[column]).length)),
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
        const text = cut(textOf(cell), room);
        const last = column === line.length - 1;
        return painted(cell, text) + (last ? '' : ' '.repeat(room - text.length));
      })
      .join('  ')
      .trimEnd(),
  );
}
