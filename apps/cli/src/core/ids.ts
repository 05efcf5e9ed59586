import { UsageError } from './usage.ts';

const largestId = 2_147_483_647;
const maxListed = 10;
const columnNames = ['riderid', 'zwiftid', 'zwid', 'id'];

const fieldsOf = (line: string): string[] =>
  line.split(/[,;\t]/).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
const isId = (text: string): boolean =>
  /^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= largestId;

/** The distinct rider ids of a list or of CSV with a header row; `#` starts a comment. @throws {UsageError} */
export function idsIn(text: string): number[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ fields: fieldsOf(line), at: index + 1, line: line.trim() }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
  const [first] = lines;
  if (!first) throw new UsageError('No rider ids found');
  const header = first.fields.map((field) => field.toLowerCase().replaceAll(/[ _-]/g, ''));
  const column = columnNames.map((name) => header.indexOf(name)).find((at) => at >= 0);
  const rows = column === undefined ? lines : lines.slice(1);
  const invalid = rows.filter(({ fields }) =>
    column === undefined ? fields.length !== 1 || !isId(fields[0] ?? '') : !isId(fields[column] ?? ''),
  );
  if (invalid.length > 0) throw new UsageError(invalidLinesMessage(invalid, column === undefined));
  if (rows.length === 0) throw new UsageError('No rider ids found');
  return [...new Set(rows.map(({ fields }) => Number(fields[column ?? 0])))];
}

function invalidLinesMessage(
  lines: ReadonlyArray<{ at: number; fields: string[]; line: string }>,
  isPlainList: boolean,
): string {
  const listed = lines.slice(0, maxListed).map(({ at, line }) => `  line ${at}: ${line.slice(0, 60)}`);
  const more = lines.length > maxListed ? [`  and ${lines.length - maxListed} more`] : [];
  const hint =
    isPlainList && lines.some(({ fields }) => fields.length > 1)
      ? ['CSV with several columns needs a header row with a riderId column.']
      : [];
  return ['These lines have no valid rider id (1 to 2147483647):', ...listed, ...more, ...hint].join('\n');
}
