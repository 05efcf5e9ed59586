import { createClock } from '@paceline/shared/clock';
import { newDatabaseUrl } from '@paceline/shared/database/testing';
import { openPool, type Pool } from '@paceline/shared/database/pool';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { callRecordOf } from './call-record.ts';

const hour = 3_600_000;
const partition = 3;
const clock = createClock();
const pass = () => Promise.resolve();
const brokerTime = () => ({ realMs: Date.now(), receivedAt: clock.machine.elapsed(), tookMs: 0 });

let pool: Pool;
beforeAll(async () => {
  ({ pool } = openPool(await newDatabaseUrl(), () => undefined));
});
afterEach(() => pool.query('truncate sync_logs, limiter_terms'));
afterAll(() => pool?.end());

const record = callRecordOfTest();
function callRecordOfTest(of = partition, check = pass) {
  const open = () => callRecordOf(pool, clock, of, check);
  return {
    startTerm: (longest = hour) => open().startTerm(longest, brokerTime()),
    recordClaim: (term: number, sequence: number, offset?: number) =>
      open().recordClaim(term, sequence, offset),
  };
}

const insert = `insert into sync_logs (endpoint, target, message, started_at, permit, partition, account, lane, recorded_at)
  values ('clubs', '20650', '', now(), $1, $2, 'team', 'rider_sync', clock_timestamp() - $3 * interval '1 millisecond')`;
const add = (permit: string, { of = partition, ageMs = 0 } = {}) => pool.query(insert, [permit, of, ageMs]);

it('each term is the next one, and knows how far the journal was recorded to reach', async () => {
  const { term: first } = await record.startTerm();
  expect(await record.recordClaim(first, 12)).toBe(true);
  expect(await record.startTerm()).toMatchObject({ term: first + 1, reached: 12 });
});

it('a claim of an earlier term records nothing', async () => {
  const { term } = await record.startTerm();
  await record.recordClaim((await record.startTerm()).term, 20);
  expect(await record.recordClaim(term, 12)).toBe(false);
  expect((await record.startTerm()).reached).toBe(20);
});

it('the calls are those of the partition that can still count', async () => {
  await add('now');
  await add('an hour ago', { ageMs: hour + 1_000 });
  await add('of another partition', { of: 4 });
  const { calls } = await record.startTerm();
  expect(calls.map(({ permit }) => permit)).toEqual(['now']);
  const [call] = calls;
  expect(call).toMatchObject({
    account: 'team',
    endpoint: 'clubs',
    lane: 'rider_sync',
    endedAge: null,
    status: null,
  });
});

it('a call that is being recorded when the term starts is in the list', async () => {
  await record.startTerm();
  const caller = await pool.connect();
  await caller.query('begin');
  await caller.query('select from limiter_terms where partition = $1 for share', [partition]);
  await caller.query(insert, ['late', partition, 0]);
  const starting = record.startTerm();
  await vi.waitFor(async () => {
    const { rowCount } = await pool.query("select from pg_stat_activity where wait_event_type = 'Lock'");
    expect(rowCount).toBeGreaterThan(0);
  });
  await caller.query('commit');
  caller.release();
  expect((await starting).calls.map(({ permit }) => permit)).toEqual(['late']);
});

it('a clock of Postgres that was set forward makes no call older', async () => {
  const { term, offset } = await record.startTerm();
  // As if it had been three hours behind until now.
  await record.recordClaim(term, 1, offset - 3 * hour);
  await add('an hour ago', { ageMs: 4 * hour });
  const { calls } = await record.startTerm(2 * hour);
  expect(calls.map(({ age }) => Math.round(age / hour))).toEqual([1]);
});

it('a database of another system is refused before anything is written', async () => {
  const refuse = callRecordOfTest(partition, () => Promise.reject(new Error('belongs to another system')));
  await expect(refuse.startTerm()).rejects.toThrow('belongs to another system');
  expect((await pool.query('select from limiter_terms')).rowCount).toBe(0);
});
