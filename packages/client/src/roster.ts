import { count } from '@paceline/shared/words';
import papaparse from 'papaparse';

/** A rider id of a roster, and where it was found. */
export interface RosterRider {
  readonly riderId: number;
  /** Of the text, from 1. */
  readonly line: number;
  /** The other columns of the row, to recognize the rider; empty for a plain list. */
  readonly label: string;
}

/** A line that names no rider, or names one unclearly. */
export interface RefusedLine {
  readonly line: number;
  /** Its first 60 characters. */
  readonly text: string;
  readonly reason: string;
}

export interface Roster {
  /** Each rider once, in order of first appearance. */
  readonly riders: readonly RosterRider[];
  readonly refused: readonly RefusedLine[];
  /** How many comments were skipped. */
  readonly comments: number;
  /** The column that was read, as its header says; undefined for a plain list of ids. */
  readonly column: string | undefined;
}

interface Row {
  readonly fields: readonly string[];
  readonly line: number;
  /** Several if a quoted field holds line breaks. */
  readonly lines: readonly string[];
}

const delimiters = [',', ';', '\t', '|'];
const idColumns = ['riderid', 'zwiftid', 'zwid', 'zwiftriderid', 'id'];
const largestId = 2_147_483_647;
/** Titles and notes can stand above the header row. */
const maxRowsAboveHeader = 10;
/** A quoted field of more lines has a quote that is not closed. */
const maxLinesOfRow = 50;

/**
 * Reads a team roster as people have it: CSV with a header row that names an id column (any delimiter, the same in every
 * row), or a plain list of ids. Every line is a rider, a heading, a comment, blank, or refused with its reason.
 */
export function readRoster(text: string): Roster {
  const lines = text.replaceAll('\uFEFF', '').split(/\r\n|\n|\r/);
  for (const delimiter of delimiters) {
    const { rows, comments } = rowsOf(lines, delimiter);
    const header = rows.slice(0, maxRowsAboveHeader).findIndex(({ fields }) => idColumnOf(fields) >= 0);
    if (header >= 0) return { ...readTable(rows, header, delimiter), comments };
  }
  return readList(lines);
}

/** Every row that is neither empty nor a comment: `#1 Racer` is a row, `# left` is not. */
function rowsOf(lines: readonly string[], delimiter: string): { rows: Row[]; comments: number } {
  const rows: Row[] = [];
  let comments = 0;
  for (let index = 0; index < lines.length;) {
    if (/^\s*#(?:\s|$)/.test(lines[index] ?? '')) {
      comments += 1;
      index += 1;
      continue;
    }
    const { fields, length } = rowAt(lines, index, delimiter);
    if (fields.some((field) => field !== ''))
      rows.push({ fields, line: index + 1, lines: lines.slice(index, index + length) });
    index += length;
  }
  return { rows, comments };
}

/** Only a valid quote joins lines. In a line with a wrong one, quotes are plain characters. */
function rowAt(
  lines: readonly string[],
  index: number,
  delimiter: string,
): { fields: string[]; length: number } {
  const line = lines[index] ?? '';
  const plain = { fields: plainFields(line, delimiter), length: 1 };
  if (!line.includes('"')) return plain;
  const text = lines.slice(index, index + maxLinesOfRow).join('\n');
  const { data, errors, meta } = papaparse.parse<string[]>(text, {
    delimiter,
    newline: '\n',
    preview: 1,
    fastMode: false,
  });
  if (errors.length > 0) return plain;
  const length = text.slice(0, meta.cursor).replace(/\n$/, '').split('\n').length;
  return { fields: (data[0] ?? []).map((field) => field.trim()), length };
}

const plainFields = (line: string, delimiter: string): string[] =>
  line.split(delimiter).map((field) => field.trim().replace(/^"(.*)"$/, '$1'));

const idColumnOf = (fields: readonly string[]): number => {
  const names = fields.map((field) => field.toLowerCase().replaceAll(/[^a-z]/g, ''));
  return idColumns.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1;
};

function readTable(rows: readonly Row[], header: number, delimiter: string): Omit<Roster, 'comments'> {
  const { fields: columns } = rows[header] as Row;
  const column = idColumnOf(columns);
  const riders: RosterRider[] = [];
  const refused: RefusedLine[] = [];
  /** The rider of another row that is inside a quoted field. */
  const swallowedBy = ({ fields, lines }: Row) =>
    lines
      .map((each) => plainFields(each, delimiter))
      .filter((each) => lines.length > 1 && each.length === columns.length)
      .map((each) => each[column] ?? '')
      .find((id) => isRiderId(id) && id !== fields[column]);
  const reasonOf = (row: Row, index: number): string | undefined => {
    const id = row.fields[column] ?? '';
    const swallowed = swallowedBy(row);
    if (index < header) return 'above the header row';
    if (swallowed !== undefined) return `a quoted field holds the row of ${swallowed}: is a quote missing?`;
    // A delimiter inside an unquoted field shifts the columns: the id would be another number.
    if (row.fields.length !== columns.length)
      return `has ${row.fields.length} of ${count(columns.length, 'column')}`;
    return isRiderId(id) ? undefined : `"${id}" is not a rider id`;
  };
  for (const [index, row] of rows.entries()) {
    if (index === header) continue;
    const { fields, line, lines } = row;
    const reason = reasonOf(row, index);
    const others = fields.filter((field, at) => at !== column && field !== '');
    const label = startOf(others.join(' · ').replaceAll(/\s+/g, ' '));
    if (reason === undefined) riders.push({ riderId: Number(fields[column]), line, label });
    else
      for (const [at, text] of lines.entries())
        if (text.trim() !== '') refused.push({ line: line + at, text: startOf(text.trim()), reason });
  }
  return { riders: distinct(riders), refused, column: columns[column] };
}

/** One or more ids in each line; `#` starts a comment. */
function readList(lines: readonly string[]): Roster {
  const riders: RosterRider[] = [];
  const refused: RefusedLine[] = [];
  for (const [index, whole] of lines.entries()) {
    const line = index + 1;
    const content = whole.replace(/(^|\s)#.*$/, '').trim();
    if (content === '') continue;
    const parts = content.split(/[\s,;|]+/).filter((part) => part !== '');
    const ids = parts.map((part) => part.replace(/^(["'])(.*)\1$/, '$2'));
    const reason = refusalOf(content, ids);
    if (reason === undefined) riders.push(...ids.map((id) => ({ riderId: Number(id), line, label: '' })));
    else refused.push({ line, text: startOf(content), reason });
  }
  const comments = lines.filter((line) => line.trim().startsWith('#')).length;
  return { riders: distinct(riders), refused, comments, column: undefined };
}

function refusalOf(content: string, ids: readonly string[]): string | undefined {
  if (/^\d{1,3}(?:,\d{3})+$/.test(content)) return 'one id with separators, or several ids?';
  const wrong = ids.find((id) => !isRiderId(id));
  if (wrong === undefined) return undefined;
  return ids.some(isRiderId)
    ? 'several columns need a header row that names the id column, such as riderId'
    : `"${startOf(content)}" is not a rider id`;
}

const isRiderId = (text: string): boolean => /^[1-9]\d{0,9}$/.test(text) && Number(text) <= largestId;

const distinct = (riders: readonly RosterRider[]): RosterRider[] =>
  [...new Map(riders.toReversed().map((each) => [each.riderId, each])).values()].toSorted(
    (a, b) => riders.indexOf(a) - riders.indexOf(b),
  );

const startOf = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);
