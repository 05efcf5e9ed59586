import { expect, it } from 'vitest';
import { newDatabaseUrl } from '../testing/database.ts';
import { startTestProcess } from './testing/child.ts';
import { startOtlpReceiver } from './testing/otlp-receiver.ts';

const script = new URL('./testing/database-script.ts', import.meta.url);

it('traces queries inside a span, without their values', { timeout: 60_000 }, async () => {
  const otlp = await startOtlpReceiver();
  const child = startTestProcess(script, { ...otlp.env, DATABASE_URL: await newDatabaseUrl() });
  await child.exitedCleanly();
  const work = otlp.spans().find(({ name }) => name === 'work');
  const queries = otlp.spans().filter(({ attributes }) => 'db.query.text' in attributes);
  expect(queries).toHaveLength(1);
  expect(queries[0]).toMatchObject({
    kind: 'client',
    traceId: work?.traceId,
    parentSpanId: work?.spanId,
    attributes: { 'db.system.name': 'postgresql', 'db.query.text': 'select $1::text as name' },
  });
  expect(new Set(otlp.spans().map(({ traceId }) => traceId)).size).toBe(1);
  expect(JSON.stringify(otlp.spans())).not.toContain('a rider');
  await otlp.close();
});

it.each(['traced', 'not traced'])(
  'measures queries and connections, when %s',
  { timeout: 60_000 },
  async (mode) => {
    const otlp = await startOtlpReceiver();
    const env = { DATABASE_URL: await newDatabaseUrl(), ...(mode === 'traced' && otlp.env) };
    const child = startTestProcess(script, env);
    await child.exitedCleanly();
    const [metrics] = child.lines();
    const values = Object.fromEntries(
      [...String(metrics?.text).matchAll(/^(db_client_\w+(?:count|requests))(?:\{(.*)\})? (\d+)$/gm)].map(
        ([, name, labels, value]) => [
          `${name} ${/(?:state|error_type)="(\w+)"/.exec(labels ?? '')?.[1]}`,
          value,
        ],
      ),
    );
    expect(values).toEqual({
      'db_client_operation_duration_seconds_count undefined': '2',
      'db_client_operation_duration_seconds_count 42703': '1',
      'db_client_connection_count idle': '0',
      'db_client_connection_count used': '1',
      'db_client_connection_pending_requests undefined': '0',
    });
    await otlp.close();
  },
);
