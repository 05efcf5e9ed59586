// What postgres.test.ts looks at from outside: a query that belongs to some work, and one that doesn't.
import pg from 'pg';
import { inSpan, stopTelemetry } from '../index.ts';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
await pool.query('select 1');
await inSpan('work', {}, () => pool.query('select $1::text as name', ['a rider']));
await pool.end();
await stopTelemetry();
