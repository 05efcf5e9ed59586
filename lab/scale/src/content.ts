import { accountOf } from '@paceline/shared/limiter';
import { openPool } from '@paceline/shared/database/pool';

/** Ids of rows that `fill` stores. */
export const stored = {
  riderId: '1000001',
  clubId: '20650',
  eventId: 'event-500',
  runId: 'run-5',
  commandId: '00000000-0000-4000-8000-000000000005',
  importId: '00000000-0000-4000-9000-000000000005',
  alertId: 'alert-5',
  budget: 'signups',
};

const fields = (count: number, of: string) =>
  `(select jsonb_object_agg('field' || i, md5((${of} * i)::text)) from generate_series(1, ${count}) i)`;
const picked = (names: string, by: string) => `(string_to_array('${names}', ' '))[1 + ${by}]`;

/** What a team has after a year: three clubs, the events of three months, and every call of that time. */
const statements = (account: string): readonly string[] => [
  `insert into clubs select 20650 + n, 'Club ' || n, now() from generate_series(0, 2) n`,
  `insert into riders (rider_id, name, gender, country, age, height_cm, weight_kg, zp_category, zp_ftp, rating,
     rating_max30, rating_max90, phenotype, club_id, club_name, raw, first_seen_at, fetched_at)
   select 1000000 + n, ${picked('Anders Bas Carlos Daan Finn Giulio Henrik Ivo Kenji Liam', 'n % 10')} || ' ' ||
       ${picked('Andersen Bakker Costa Eriksson Fischer Hughes Ito Jansen Kowalski Nowak Rossi', 'n % 11')} || ' ' || n,
     'M', 'se', 'Mas', 180, 75, 'B', 280, 1500, 1550, 1600, 'Sprinter', 20650 + n % 4, 'Club ' || n % 4,
     ${fields(30, 'n')}, now() - interval '1 year', now() - n * interval '1 minute'
   from generate_series(1, 6000) n`,
  `insert into club_memberships
   select club_id, rider_id, first_seen_at, fetched_at, rider_id % 10 > 0 from riders where club_id < 20653`,
  `insert into rider_history
   select rider_id, now() - week * interval '7 days', rating, weight_kg, zp_ftp, raw
   from generate_series(1, 52) week, riders`,
  `insert into events (event_id, title, starts_at, type, listed_signups, raw, first_seen_at, fetched_at,
     signups_fetched_at, signups_listed_then, results_state, results_tries)
   select 'event-' || n, 'Race ' || n, now() + (n - 600) * interval '30 minutes', 'Race', 111, ${fields(20, 'n')},
     now() - interval '20 days', now(), now() - n * interval '1 minute', 110, case when n < 600 then 'final' end, 1
   from generate_series(1, 900) n`,
  `insert into signups (event_id, rider_id, name, pen, rating, raw, first_seen_at, last_seen_at, withdrawn_at)
   select event_id, rider_id, riders.name, ${picked('A B C D', 'rider_id % 4')}, riders.rating, ${fields(10, 'rider_id')},
     now() - interval '2 days', now(), case when rider_id % 20 = 0 then now() end
   from events, riders where (rider_id + listed_signups * right(event_id, 2)::integer) % 54 = 0`,
  `insert into results (event_id, rider_id, name, pen, position_in_pen, seconds, gap_seconds, rating, raw, first_seen_at,
     last_seen_at)
   select event_id, rider_id, name, pen, row_number() over (partition by event_id, pen), 3600, 10, rating, signups.raw,
     now(), now()
   from signups join events using (event_id) where starts_at < now()`,
  `insert into signup_copies
   select event_id, now() - n * interval '2 hours' from events, generate_series(1, 80) n where starts_at > now()`,
  `insert into sync_runs (run_id, kind, slot_id, scheduled_for, slot_ends_at, state, started_at, finished_at, counts)
   select 'run-' || n, ${picked('rider near far results', 'n % 4')}, 'slot-' || n, at, at + interval '10 minutes',
     case n % 200 when 0 then 'failed' when 1 then 'partly_failed' else 'done' end, at, at + interval '9 minutes',
     '{"planned": 50, "synced": 50, "failed": 0, "deferred": 0, "stored": 50}'
   from generate_series(1, 18000) n, lateral (select now() - n * interval '7 minutes' as at)`,
  `insert into commands (command_id, type, rider_id, progress, requested_at, published_at, stream_sequence, updated_at,
     finished_at)
   select '00000000-0000-4000-8000-' || lpad(n::text, 12, '0'), 'add-rider', 1000000 + n % 6000,
     case when n % 100 = 0 then '{"state": "failed", "reason": "ZwiftRacing has no such rider"}' else '{"state": "done"}' end::jsonb,
     at, at, n, at, at
   from generate_series(1, 100000) n, lateral (select now() - n * interval '75 seconds' as at)`,
  `insert into commands (command_id, type, progress, requested_at, published_at, stream_sequence, updated_at, finished_at)
   select '00000000-0000-4000-9000-' || lpad(n::text, 12, '0'), 'import-riders', '{"state": "done"}', at, at,
     200000 + n, at, at
   from generate_series(1, 300) n, lateral (select now() - n * interval '7 hours' as at)`,
  `insert into wanted_riders (command_id, rider_id, why, fresh_from, since, outcome, reason, ended_at)
   select command_id, 1000000 + n, 'import', requested_at, requested_at,
     case n % 100 when 0 then 'failed' else 'done' end, case n % 100 when 0 then 'ZwiftRacing has no such rider' end,
     requested_at
   from commands, generate_series(1, 1000) n where type = 'import-riders'`,
  `insert into sync_logs (run_id, endpoint, target, status, message, started_at, duration_ms, unreadable, permit,
     "partition", account, lane, recorded_at, ended_at)
   select 'run-' || 1 + n / 56, ${picked('signups signups results events clubs', 'n % 5')}, 'event-' || n % 900,
     case when n % 500 = 0 then 503 else 200 end, '120 signups', at, 2000,
     case when n % 300 = 0 then '[{"id": "1", "reason": "name: expected string"}]'::jsonb end, 'permit-' || n, 0,
     '${account}', 'near_event_normal', at, at
   from generate_series(1, 900000) n, lateral (select now() - n * interval '8 seconds' as at)`,
  `insert into conflicts
   select now() - n * interval '5 minutes', n, '${account}', 'signups', 'far_event_sync', 'near_event_normal', 60000
   from generate_series(1, 20000) n`,
  `insert into alerts (id, key, type, severity, title, why, todo, since, raised_at, last_seen_at, resolved_at,
     raised_notified_at, resolved_notified_at)
   select 'alert-' || n, 'key-' || n, 'run_failed', 'warning', 'A run failed', 'It failed', 'Look', at, at, at, at, at, at
   from generate_series(1, 5000) n, lateral (select now() - n * interval '25 minutes' as at)`,
  'vacuum analyze',
];

/** Fills an empty database. @param key the API key, whose calls are listed */
export async function fill(databaseUrl: string, key: string, report: (line: string) => void): Promise<void> {
  const { pool, close } = openPool(databaseUrl, () => undefined, { connections: 1, statementMs: 300_000 });
  try {
    for (const statement of statements(accountOf(key))) {
      report(/^(?:insert into )?(\w+)/.exec(statement)?.[1] ?? statement);
      await pool.query(statement);
    }
  } finally {
    await close();
  }
}
