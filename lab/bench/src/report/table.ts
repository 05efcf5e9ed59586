/** A table in Markdown whose columns line up in plain text too. A bar in a cell is written so that it stays one. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [head, ...rows].map((row) =>
    head.map((_, index) => (row[index] ?? '').replaceAll('|', String.raw`\|`)),
  );
  const widths = head.map((_, index) => Math.max(3, ...lines.map((line) => (line[index] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [first = [], ...others] = lines;
  return [line(first), rule, ...others.map(line)].join('\n');
}
