import { createLogger } from '@paceline/shared/telemetry';
import { DrizzleQueryError } from 'drizzle-orm';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { BrokerUnavailable } from '../broker.ts';
import { handleError } from './errors.ts';

it('an outage is logged once, with its reason and without SQL, however many requests fail', async () => {
  const lines: Array<Record<string, unknown>> = [];
  const log = createLogger('api', 'info', { write: (line) => void lines.push(JSON.parse(line)) });
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const app = new Hono();
  app.onError(handleError(log));
  app.get('/v1/riders', () => {
    throw new DrizzleQueryError('select "name" from "riders"', [], refused);
  });
  app.get('/v1/queue', () => {
    throw new BrokerUnavailable('The broker does not answer');
  });
  for (const path of ['/v1/riders', '/v1/riders', '/v1/queue', '/v1/riders', '/v1/queue'])
    expect((await app.request(path)).status).toBe(503);
  expect(lines.map(({ level, msg, reason }) => ({ level, msg, reason }))).toEqual([
    { level: 'warn', msg: 'The database does not answer', reason: refused.message },
    { level: 'warn', msg: 'The broker does not answer', reason: 'The broker does not answer' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('select');
});
