import { UsageError } from './usage.ts';

const largestId = 2_147_483_647;
const mostSaid = 10;
const names = ['riderid', 'zwiftid', 'zwid', 'id'];

const fieldsOf = (line: string): string[] =>
  line.split(/[,;\t]/).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
const isId = (text: string): boolean =>
  /^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= largestId;

/** The distinct rider ids in a list or in CSV with a heading; `#` begins a comment. @throws {UsageError} */
export function idsIn(text: string): number[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, index) => ({ fields: fieldsOf(line), at: index + 1, line: line.trim() }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
  const [first] = lines;
  if (!first) throw new UsageError('There is no rider id in it');
  const heading = first.fields.map((field) => field.toLowerCase().replaceAll(/[ _-]/g, ''));
  const column = names.map((name) => heading.indexOf(name)).find((at) => at >= 0);
  const rows = column === undefined ? lines : lines.slice(1);
  const wrong = rows.filter(({ fields }) =>
    column === undefined ? fields.length !== 1 || !isId(fields[0] ?? '') : !isId(fields[column] ?? ''),
  );
  if (wrong.length > 0) throw new UsageError(complaint(wrong, column === undefined));
  if (rows.length === 0) throw new UsageError('There is no rider id in it');
  return [...new Set(rows.map(({ fields }) => Number(fields[column ?? 0])))];
}

function complaint(
  wrong: ReadonlyArray<{ at: number; fields: string[]; line: string }>,
  bare: boolean,
): string {
  const said = wrong.slice(0, mostSaid).map(({ at, line }) => `  line ${at}: ${line.slice(0, 60)}`);
  const more = wrong.length > mostSaid ? [`  and ${wrong.length - mostSaid} more`] : [];
  const hint =
    bare && wrong.some(({ fields }) => fields.length > 1)
      ? ['A list with several columns needs a heading that names one of them riderId.']
      : [];
  return ['These lines hold no rider id (1 to 2147483647):', ...said, ...more, ...hint].join('\n');
}
