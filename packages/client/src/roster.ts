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
  /** The column that was read, as its header says; undefined for a plain list of ids. */
  readonly column: string | undefined;
}

interface Row {
  readonly fields: readonly string[];
  readonly line: number;
  readonly isUnclosed: boolean;
}

const delimiters = [',', ';', '\t', '|'];
const idColumns = ['riderid', 'zwiftid', 'zwid', 'zwiftriderid', 'id'];
const largestId = 2_147_483_647;
/** Titles and notes can stand above the header row. */
const maxRowsAboveHeader = 10;

/**
 * Reads a team roster as people have it: CSV with a header row that names an id column (any delimiter, the same in every
 * row), or a plain list of ids. Lines that start with `#` and empty lines are skipped. Never guesses: a line that is not
 * clear is refused with its reason.
 */
export function readRoster(text: string): Roster {
  const content = text.replace(/^\uFEFF/, '').replaceAll(/^[ \t]+#/gm, '#');
  for (const delimiter of delimiters) {
    const rows = rowsOf(content, delimiter);
    const header = rows.slice(0, maxRowsAboveHeader).findIndex(({ fields }) => idColumnOf(fields) >= 0);
    if (header >= 0) return readTable(rows, header);
  }
  return readList(content);
}

/** Every row that is neither empty nor a comment. */
function rowsOf(text: string, delimiter: string): Row[] {
  const rows: Row[] = [];
  let [offset, line] = [0, 1];
  const moveTo = (end: number) => {
    line += text.slice(offset, end).split('\n').length - 1;
    offset = end;
  };
  papaparse.parse<string[]>(text, {
    delimiter,
    comments: '#',
    skipEmptyLines: 'greedy',
    step({ data, errors, meta }) {
      // The parser does not say where a row starts: after the empty lines and comments that it skipped.
      moveTo(offset + (/^(?:[^\S\n]*\n|#[^\n]*\n)*/.exec(text.slice(offset))?.[0].length ?? 0));
      const fields = data.map((field) => field.trim());
      rows.push({ fields, line, isUnclosed: errors.some(({ code }) => code === 'MissingQuotes') });
      moveTo(meta.cursor);
    },
  });
  return rows;
}

const idColumnOf = (fields: readonly string[]): number => {
  const names = fields.map((field) => field.toLowerCase().replaceAll(/[^a-z]/g, ''));
  return idColumns.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1;
};

function readTable(rows: readonly Row[], header: number): Roster {
  const { fields: columns } = rows[header] as Row;
  const column = idColumnOf(columns);
  const riders: RosterRider[] = [];
  const refused: RefusedLine[] = [];
  for (const [index, { fields, line, isUnclosed }] of rows.entries()) {
    if (index === header) continue;
    const refuse = (reason: string) => refused.push({ line, text: startOf(fields.join(', ')), reason });
    const id = fields[column] ?? '';
    if (index < header) refuse('above the header row');
    else if (isUnclosed) refuse('a quote is not closed, so this line and all lines after it were not read');
    // A delimiter inside an unquoted field shifts the columns: the id would be another number.
    else if (fields.length !== columns.length)
      refuse(`has ${fields.length} of ${count(columns.length, 'column')}`);
    else if (!isRiderId(id)) refuse(`"${id}" is not a rider id`);
    else
      riders.push({
        riderId: Number(id),
        line,
        label: startOf(fields.filter((field, at) => at !== column && field !== '').join(' · ')),
      });
  }
  return { riders: distinct(riders), refused, column: columns[column] };
}

/** One or more ids in each line; `#` starts a comment. */
function readList(text: string): Roster {
  const riders: RosterRider[] = [];
  const refused: RefusedLine[] = [];
  for (const [index, whole] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1;
    const content = whole.replace(/(^|\s)#.*$/, '').trim();
    if (content === '') continue;
    const parts = content.split(/[\s,;|]+/).filter((part) => part !== '');
    const ids = parts.map((part) => part.replace(/^(["'])(.*)\1$/, '$2'));
    const reason = refusalOf(content, ids);
    if (reason === undefined) riders.push(...ids.map((id) => ({ riderId: Number(id), line, label: '' })));
    else refused.push({ line, text: startOf(content), reason });
  }
  return { riders: distinct(riders), refused, column: undefined };
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
