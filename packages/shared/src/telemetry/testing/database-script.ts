// Script of postgres.prove.test.ts: one query inside a span, one outside, and one that fails.
import { openPool } from '../../database/pool.ts';
import { createLogger, inSpan, metricsText, stopTelemetry } from '../index.ts';

const { pool, close } = openPool(process.env.DATABASE_URL ?? '', () => undefined);
await pool.query('select 1');
await inSpan('work', {}, () => pool.query('select $1::text as name', ['a rider']));
const client = await pool.connect();
await client.query('select missing').catch(() => undefined);
createLogger('script', 'info').info({ text: await metricsText() }, 'metrics');
client.release();
await close();
await stopTelemetry();
