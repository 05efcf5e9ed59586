import { describe, expect, it } from 'vitest';
import { statementCounts, statementsIn, transactionsOf } from './statements.ts';

const log = `api|7|LOG:  statement: begin
[unknown]|8|LOG:  execute <unnamed>: insert into t (a, b)
\tvalues ($1, $2), ($3, $4)
api|7|LOG:  execute find-rider: select * from riders where rider_id = $1
api|7|DETAIL:  Parameters: $1 = '4'
api|7|ERROR:  duplicate key
api|7|STATEMENT:  insert into t values ($1)
2026-11-30 LOG:  checkpoint starting
`;

describe("the statements of Postgres's log", () => {
  it('have the connection that ran them, and are prepared when they have a name', () => {
    expect(statementsIn(log)).toEqual([
      { by: 'api', pid: '7', text: 'begin', prepared: false },
      { by: 'unnamed', pid: '8', text: 'insert into t (a, b) values ($…), …', prepared: false },
      { by: 'api', pid: '7', text: 'select * from riders where rider_id = $1', prepared: true },
    ]);
  });

  it('are counted per unit of work, most first', () => {
    const statements = statementsIn(log.repeat(3) + 'api|7|LOG:  statement: begin\n');
    expect(statementCounts(statements, 2).map(({ text, count }) => [text, count])).toEqual([
      ['begin', 2],
      ['insert into t (a, b) values ($…), …', 1.5],
      ['select * from riders where rider_id = $1', 1.5],
    ]);
  });

  it('keep lists of different content apart', () => {
    expect(statementsIn('a|7|LOG:  statement: values (1), (2)\n')[0]?.text).toBe('values (1), (2)');
  });
});

describe('transactions', () => {
  const of = (...lines: ReadonlyArray<readonly [pid: string, text: string]>) =>
    transactionsOf(lines.map(([pid, text]) => ({ by: 'api', pid, text, prepared: false })));

  it('are the statements between begin and commit, and each statement outside of them', () => {
    expect(
      of(['1', 'select 1'], ['1', 'BEGIN'], ['1', 'select 1'], ['1', 'select 2'], ['1', 'COMMIT']),
    ).toEqual({
      all: 2,
      writing: 0,
    });
  });

  it('are those of each connection', () => {
    const lines = [
      ['1', 'begin'],
      ['2', 'begin'],
      ['1', 'insert into t'],
      ['2', 'select'],
      ['2', 'commit'],
      ['1', 'commit'],
    ] as const;
    expect(of(...lines)).toEqual({ all: 2, writing: 1 });
  });

  it('write unless they only lock', () => {
    expect(of(['1', 'select a from t for update of t skip locked'])).toEqual({ all: 1, writing: 0 });
    expect(of(['1', 'with x as (update t set a = 1 returning a) select a from x'])).toEqual({
      all: 1,
      writing: 1,
    });
  });
});
