import type { Clock } from '@paceline/shared/clock';
import type { Pool } from '@paceline/shared/database/pool';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import type { RecordedCall } from '../core/recovery.ts';
import type { BrokerTime } from './journal.ts';

/** What Postgres knows of a partition, which a loss of the broker's data doesn't reach. */
export interface CallRecord {
  /**
   * Starts a term: from then on no call is recorded under an earlier one, so the calls returned are all there are.
   * @param longestMs how far back a call can count, project ms
   * @throws the database's error; {ConfigError} when it belongs to another system
   */
  startTerm(longestMs: number, brokerTime: BrokerTime): Promise<Term>;
  /**
   * Records how far the journal has reached, so that a shorter one is noticed.
   * @param offset that of the term, if it has just started
   * @returns false if a later term has started
   */
  recordClaim(term: number, sequence: number, offset?: number): Promise<boolean>;
}

export interface Term {
  readonly term: number;
  /** The journal sequence recorded last; 0 before the first. */
  readonly reached: number;
  /** Every recorded call that may still count against a window. */
  readonly calls: readonly RecordedCall[];
  /** How far Postgres's clock is ahead of the broker's, real ms. */
  readonly offset: number;
}

interface Row {
  readonly account: string;
  readonly endpoint: BudgetName;
  readonly permit: string;
  readonly lane: Lane;
  readonly status: number | null;
  readonly recorded: Date;
  readonly ended: Date | null;
}

/** Real ms by which the clocks of Postgres and the broker can drift apart without having been set. */
const tolerated = 1_000;

/**
 * The record of a partition. Both statements of `startTerm` commit on their own: a call recorded before the term starts is
 * in the list.
 * @param check throws when the database belongs to another system
 */
export function callRecordOf(
  pool: Pool,
  clock: Clock,
  partition: number,
  check: () => Promise<void>,
): CallRecord {
  return {
    async startTerm(longestMs, { realMs, receivedAt }) {
      await check();
      const { rows: terms } = await pool.query<
        Record<'term' | 'reached', string> & { offset: string | null; now: Date }
      >(
        `insert into limiter_terms (partition, term) values ($1, 1)
         on conflict (partition) do update set term = limiter_terms.term + 1
         returning term, reached, clock_offset as offset, clock_timestamp() as now`,
        [partition],
      );
      const [row] = terms;
      if (!row) throw new Error('no term');
      const offset = row.now.getTime() - realMs - (clock.machine.elapsed() - receivedAt);
      // If Postgres's clock was set forward, its calls are younger than it says.
      const setForward = row.offset === null ? 0 : offset - Number(row.offset);
      const since = clock.toRealMs(longestMs) + Math.abs(setForward);
      const { rows } = await pool.query<Row>(
        `select account, endpoint, permit, lane, status, recorded_at as recorded, ended_at as ended
         from sync_logs
         where partition = $1 and permit is not null and recorded_at > $2
         order by recorded_at`,
        [partition, new Date(row.now.getTime() - since)],
      );
      const tooOld = setForward > tolerated ? clock.toProjectMs(setForward) : 0;
      const age = (at: Date) => Math.max(0, clock.at(row.now.getTime()) - clock.at(at.getTime()) - tooOld);
      return {
        term: Number(row.term),
        reached: Number(row.reached),
        offset: Math.round(offset),
        calls: rows.map(({ recorded, ended, ...call }) => ({
          ...call,
          age: age(recorded),
          endedAge: ended && age(ended),
        })),
      };
    },
    async recordClaim(term, sequence, offset) {
      const { rowCount } = await pool.query(
        `update limiter_terms set reached = $3, clock_offset = coalesce($4, clock_offset)
         where partition = $1 and term = $2`,
        [partition, term, sequence, offset ?? null],
      );
      return rowCount === 1;
    },
  };
}
