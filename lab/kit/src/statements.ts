import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { openPool, type Pool } from '@paceline/shared/database/pool';
import { eventually } from '@paceline/shared/testing';

/** A statement that Postgres ran. */
export interface Statement {
  /** The application name of its connection. */
  readonly by: string;
  /** The process of its connection. */
  readonly pid: string;
  readonly text: string;
  /** Parsed once per connection, under a name. */
  readonly prepared: boolean;
}

/** Postgres whose own log says what it ran. */
export interface LoggedDatabase {
  readonly url: string;
  readonly logFile: string;
}

/** Settings of Postgres that log every statement, with the application name of its connection and without parameters. */
const logging = { log_statement: 'all', log_line_prefix: '%a|%p|', log_parameter_max_length: '0' } as const;

/** Runs the work while Postgres logs every statement. @returns also the statements of other connections meanwhile */
export async function recordStatements<T>(
  { url, logFile }: LoggedDatabase,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly statements: Statement[] }> {
  const { pool, close } = openPool(url, () => undefined, { connections: 1 });
  try {
    for (const [setting, value] of Object.entries(logging)) {
      await pool.query(`alter system set ${setting} = '${value}'`);
    }
    await pool.query('select pg_reload_conf()');
    const from = await mark(pool, logFile);
    const result = await work();
    const to = await mark(pool, logFile);
    const log = await readBetween(logFile, from.end, to.start);
    return { result, statements: statementsIn(log) };
  } finally {
    for (const setting of Object.keys(logging)) await pool.query(`alter system reset ${setting}`);
    await pool.query('select pg_reload_conf()');
    await close();
  }
}

/** Runs a statement that is in no other place of the log. @returns where in the log its line starts and ends, bytes */
async function mark(pool: Pool, logFile: string): Promise<{ start: number; end: number }> {
  const id = randomUUID();
  return eventually(
    async () => {
      // Repeated, because a connection applies new settings some time after the reload.
      await pool.query(`select '${id}'`);
      const log = await readBetween(logFile, 0);
      const at = log.indexOf(id);
      if (at === -1) throw new Error(`Postgres logs no statements in ${logFile}`);
      const before = log.slice(0, at);
      const start = Buffer.byteLength(before.slice(0, before.lastIndexOf('\n') + 1));
      return { start, end: Buffer.byteLength(log) };
    },
    { timeoutMs: 30_000 },
  );
}

async function readBetween(file: string, from: number, to?: number): Promise<string> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const length = (to ?? size) - from;
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, from);
  return buffer.toString('utf8');
}

/** The statements of a log that was written with the settings above. Of a statement with many lines the log indents the others. */
export function statementsIn(log: string): Statement[] {
  const lines = log.replaceAll('\n\t', ' ').split('\n');
  return lines.flatMap((line) => {
    const [, by = '', pid = '', how = '', text = ''] =
      /^(.*?)\|(\d+)\|LOG: {2}(statement|execute [^:]*): (.*)$/.exec(line) ?? [];
    if (how === '') return [];
    const prepared = how !== 'statement' && how !== 'execute <unnamed>';
    return [{ by: by === '[unknown]' ? 'unnamed' : by, pid, text: withoutLists(text), prepared }];
  });
}

/** The same text for statements that differ only in the number of their parameters. */
const withoutLists = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\$\d+(?:, \$\d+)+/g, '$…')
    .replaceAll(/\(([^()]*)\)(?:, \(\1\))+/g, '($1), …')
    .trim();

/** How often each statement ran per unit of work, most first. */
export function statementCounts(statements: readonly Statement[], units: number) {
  const groups = Map.groupBy(statements, ({ by, prepared, text }) => JSON.stringify([by, prepared, text]));
  return [...groups.values()]
    .flatMap((group) => group.slice(0, 1).map((each) => ({ ...each, count: group.length / units })))
    .toSorted((one, other) => other.count - one.count);
}

const opens = /^(?:begin|start transaction)\b/i;
const ends = /^(?:commit|end|rollback(?! to)|abort)\b/i;
const writes = /\b(?:insert into|delete from|merge into)\b|(?<!\bfor |\bno key )\bupdate\b/i;

/** Transactions of the statements, and how many of them write. A statement outside of one is one of its own. */
export function transactionsOf(statements: readonly Statement[]) {
  let all = 0;
  let writing = 0;
  for (const [, ofConnection] of Map.groupBy(statements, ({ pid }) => pid)) {
    let isOpen = false;
    let wrote = false;
    for (const { text } of ofConnection) {
      if (opens.test(text)) isOpen = true;
      else wrote ||= writes.test(text);
      if (isOpen && !ends.test(text)) continue;
      all += 1;
      if (wrote) writing += 1;
      isOpen = false;
      wrote = false;
    }
  }
  return { all, writing };
}
