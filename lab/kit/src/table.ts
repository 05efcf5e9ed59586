type Cell = string | number;
type Row = readonly Cell[];

/** Whether a column holds numbers, which stand to the right. */
type IsNumber = (column: number) => boolean;

const noNumbers: IsNumber = () => false;
/** A bar in a cell is written so that it stays one. */
const written = (cell: Cell | undefined): string => String(cell ?? '').replaceAll('|', String.raw`\|`);
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A table in Markdown whose columns line up in plain text too. */
export function table(head: Row, rows: readonly Row[], isNumber = noNumbers): string {
  const lines = [head, ...rows].map((row) => head.map((_, column) => written(row[column])));
  const widths = head.map((_, column) => Math.max(3, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const rule = widths.map((width, column) =>
    isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  const [first = [], ...others] = lines.map((cells) =>
    cells.map((cell, column) =>
      isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    ),
  );
  return [first, rule, ...others].map(line).join('\n');
}

/** A table in Markdown without padding, for cells of very different lengths. */
export const unpaddedTable = (head: Row, rows: readonly Row[], isNumber = noNumbers): string =>
  [head, head.map((_, column) => (isNumber(column) ? '---:' : '---')), ...rows]
    .map((cells) => line(cells.map(written)))
    .join('\n');

/** Columns that line up in plain text. */
export function columns(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

/** Three significant digits, without an exponent; "–" for what could not be measured. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  const text = value.toFixed(Math.max(0, 2 - size));
  return Number(text).toLocaleString('en-US', { maximumFractionDigits: 10 });
}

export const percent = (share: number): string => (Number.isFinite(share) ? `${digits(share * 100)} %` : '–');

export const times = (ratio: number): string => (Number.isFinite(ratio) ? `${digits(ratio)} ×` : '–');
