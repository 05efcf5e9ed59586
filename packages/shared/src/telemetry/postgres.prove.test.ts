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
