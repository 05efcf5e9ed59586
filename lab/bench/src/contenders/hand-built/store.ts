import pg from 'pg';
import { z } from 'zod';

/** An accepted request to fetch a rider. */
export interface AddCommand {
  readonly commandId: string;
  readonly riderId: number;
}

/** A call to upstream, for the call log. */
export interface MadeCall {
  readonly status: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly body: unknown;
}

/** The same columns and indexes as ours, as far as a rider needs them. */
const tables = `
  create table commands (command_id text primary key, rider_id integer not null, state text not null,
    requested_at timestamptz not null, finished_at timestamptz);
  create index on commands (requested_at);
  create table riders (rider_id integer primary key, name text not null, gender text, country text, age text,
    height double precision, weight double precision, zp_category text, zp_ftp double precision, raw jsonb not null,
    first_seen_at timestamptz not null, fetched_at timestamptz not null);
  create table rider_history (rider_id integer not null references riders on delete cascade, recorded_at timestamptz not null,
    weight double precision, zp_ftp double precision, raw jsonb not null, primary key (rider_id, recorded_at));
  create index on rider_history (recorded_at);
  create table calls (id bigserial primary key, command_id text, endpoint text not null, target text not null, status integer,
    message text not null, started_at timestamptz not null, duration_ms integer);
  create index on calls (started_at);`;

/** Rider, history row if something changed, call and end of the command: one statement, so one transaction and one round trip. */
const finish = `
  with known as (select raw from riders where rider_id = $1),
  stored as (
    insert into riders (rider_id, name, gender, country, age, height, weight, zp_category, zp_ftp, raw, first_seen_at, fetched_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, now(), now())
    on conflict (rider_id) do update set name = excluded.name, gender = excluded.gender, country = excluded.country,
      age = excluded.age, height = excluded.height, weight = excluded.weight, zp_category = excluded.zp_category,
      zp_ftp = excluded.zp_ftp, raw = excluded.raw, fetched_at = excluded.fetched_at),
  changed as (
    insert into rider_history (rider_id, recorded_at, weight, zp_ftp, raw)
    select $1, now(), $7, $9, $10::jsonb where not exists (select from known where raw = $10::jsonb)
    on conflict do nothing),
  logged as (
    insert into calls (command_id, endpoint, target, status, message, started_at, duration_ms)
    values ($11, 'riders_single', $1::text, $12, '1 rider', $13, $14)),
  ended as (update commands set state = 'done', finished_at = now() where command_id = $11)`;

/** Prepared once per connection. */
const insertCommand = {
  name: 'insert-command',
  text: `insert into commands (command_id, rider_id, state, requested_at) values ($1, $2, 'waiting', now())`,
};
const selectRider = { name: 'select-rider', text: 'select * from riders where rider_id = $1' };

const riderShape = z.object({
  riderId: z.int(),
  name: z.string(),
  gender: z.string().nullish(),
  country: z.string().nullish(),
  age: z.string().nullish(),
  height: z.number().nullish(),
  weight: z.number().nullish(),
  zpCategory: z.string().nullish(),
  zpFTP: z.number().nullish(),
});

export type Store = ReturnType<typeof openStore>;

/** @param last what the end of a command does in its transaction besides storing, as SQL with `$11` for the command's id */
export function openStore(url: string, last = 'select') {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  const finishCommand = { name: 'finish-command', text: `${finish} ${last}` };
  return {
    pool,
    createTables: () => pool.query(tables),
    insert: ({ commandId, riderId }: AddCommand) =>
      pool.query({ ...insertCommand, values: [commandId, riderId] }),
    async finish(
      { commandId }: AddCommand,
      { status, startedAt, durationMs, body }: MadeCall,
    ): Promise<void> {
      const rider = riderShape.parse(body);
      const { riderId, name, gender, country, age, height, weight, zpCategory, zpFTP } = rider;
      const columns = [riderId, name, gender, country, age, height, weight, zpCategory, zpFTP];
      const call = [commandId, status, startedAt, durationMs];
      await pool.query({ ...finishCommand, values: [...columns, JSON.stringify(body), ...call] });
    },
    async rider(riderId: number): Promise<object | undefined> {
      const { rows } = await pool.query<object>({ ...selectRider, values: [riderId] });
      return rows[0];
    },
  };
}
