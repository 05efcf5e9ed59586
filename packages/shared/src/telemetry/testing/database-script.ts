// Script of postgres.prove.test.ts: one query inside a span and one outside.
import pg from 'pg';
import { inSpan, stopTelemetry } from '../index.ts';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
await pool.query('select 1');
await inSpan('work', {}, () => pool.query('select $1::text as name', ['a rider']));
await pool.end();
await stopTelemetry();
