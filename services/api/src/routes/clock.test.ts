import { createVirtualClock } from '@paceline/shared/clock';
import { OpenAPIHono } from '@hono/zod-openapi';
import { expect, it } from 'vitest';
import { clockRoutes } from './clock.ts';
import type { Services } from './services.ts';

it('the clock says what time it is here and how fast it passes', async () => {
  const app = new OpenAPIHono();
  clockRoutes(app, {
    clock: { ...createVirtualClock(0), now: () => Date.UTC(2026, 10, 26), scale: 60 },
  } as unknown as Services);
  const answer = await app.request('/v1/clock');
  expect(await answer.json()).toEqual({ now: '2026-11-26T00:00:00.000Z', scale: 60 });
});
