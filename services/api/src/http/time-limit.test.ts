import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { answerError } from './errors.ts';
import { timeLimit } from './time-limit.ts';
import { testLog } from '@paceline/shared/testing';

it('a request that takes too long is answered all the same', async () => {
  const app = new Hono();
  app.onError(answerError(testLog('test')));
  app.use(timeLimit(20));
  app.get('/slow', () => new Promise<Response>(() => {}));
  app.get('/fast', (c) => c.text('ok'));
  const slow = await app.request('/slow');
  expect(slow.status).toBe(503);
  expect(slow.headers.get('retry-after')).toBe('5');
  expect(await slow.json()).toMatchObject({ type: '/docs/problems#unavailable' });
  expect((await app.request('/fast')).status).toBe(200);
});
