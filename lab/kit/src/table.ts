type Cell = string | number;
type Row = readonly Cell[];

/** Whether a column is right-aligned. */
type IsNumber = (column: number) => boolean;

const noNumbers: IsNumber = () => false;
const escaped = (cell: Cell | undefined): string => String(cell ?? '').replaceAll('|', String.raw`\|`);
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A Markdown table, padded so that it reads well as plain text. */
export function table(head: Row, rows: readonly Row[], isNumber = noNumbers): string {
  const lines = [head, ...rows].map((row) => head.map((_, column) => escaped(row[column])));
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

/** A Markdown table without padding, for cells of very different lengths. */
export const unpaddedTable = (head: Row, rows: readonly Row[], isNumber = noNumbers): string =>
  [head, head.map((_, column) => (isNumber(column) ? '---:' : '---')), ...rows]
    .map((cells) => line(cells.map(escaped)))
    .join('\n');

/** Aligned plain-text columns. */
export function columns(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}

/** Three significant digits without an exponent; "–" unless finite. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  const text = value.toFixed(Math.max(0, 2 - size));
  return Number(text).toLocaleString('en-US', { maximumFractionDigits: 10 });
}

export const percent = (share: number): string => (Number.isFinite(share) ? `${digits(share * 100)} %` : '–');

export const times = (ratio: number): string => (Number.isFinite(ratio) ? `${digits(ratio)} ×` : '–');
