import type { Clock } from '@paceline/shared/clock';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import type { Pool } from '@paceline/shared/database/pool';
import type { RecordedCall } from '../core/recovery.ts';

/** What Postgres knows of a partition, which a loss of the broker's data doesn't reach. */
export interface CallRecord {
  /**
   * Starts a term: from then on no call is recorded under an earlier one, so the calls returned are all there are.
   * @throws the database's error
   */
  startTerm(): Promise<Term>;
  /** Records the journal sequence of the claim of a term, unless a later one has started. */
  recordClaim(term: number, sequence: number): Promise<void>;
}

export interface Term {
  readonly term: number;
  /** The journal sequence of the last recorded claim; 0 before the first. */
  readonly reached: number;
  /** Every recorded call that may still count against a window. */
  readonly calls: readonly RecordedCall[];
}

/** Project ms: longer than any window, and than a call takes to arrive. */
const longestMs = 2 * 86_400_000;

interface Row {
  readonly account: string;
  readonly endpoint: BudgetName;
  readonly permit: string;
  readonly lane: Lane;
  readonly status: number | null;
  readonly recorded: Date;
  readonly ended: Date | null;
  readonly now: Date;
}

/** The record of a partition. Both statements commit on their own: a call recorded before the term starts is in the list. */
export function callRecordOf(pool: Pool, clock: Clock, partition: number): CallRecord {
  return {
    async startTerm() {
      const { rows: terms } = await pool.query<{ term: string; reached: string }>(
        `insert into limiter_terms (partition, term) values ($1, 1)
         on conflict (partition) do update set term = limiter_terms.term + 1
         returning term, reached`,
        [partition],
      );
      const { rows } = await pool.query<Row>(
        `select account, endpoint, permit, lane, status, recorded_at as recorded, ended_at as ended, clock_timestamp() as now
         from sync_logs
         where partition = $1 and permit is not null and recorded_at > clock_timestamp() - $2 * interval '1 millisecond'
         order by recorded_at`,
        [partition, Math.ceil(clock.toRealMs(longestMs))],
      );
      const calls = rows.map(({ recorded, ended, now, ...call }): RecordedCall => {
        const age = (at: Date) => Math.max(0, clock.at(now.getTime()) - clock.at(at.getTime()));
        return { ...call, age: age(recorded), endedAge: ended && age(ended) };
      });
      return { term: Number(terms[0]?.term), reached: Number(terms[0]?.reached), calls };
    },
    async recordClaim(term, sequence) {
      const statement = 'update limiter_terms set reached = $3 where partition = $1 and term = $2';
      await pool.query(statement, [partition, term, sequence]);
    },
  };
}
