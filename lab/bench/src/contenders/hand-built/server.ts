import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { z } from 'zod';
import { readArguments } from './all.ts';

// The server process of a hand-built system: POST /v1/riders with `Prefer: wait=N`, as Paceline's.

const { queue, port, ...settings } = readArguments();
const { submit, store } = await queue.openServer(settings);
const bodyShape = z.object({ riderId: z.int32().positive() });

const app = new Hono()
  .get('/readyz', (c) => c.text('ready'))
  .post('/v1/riders', async (c) => {
    const body = bodyShape.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) return c.json({ errors: body.error.issues }, 400);
    const command = { commandId: crypto.randomUUID(), riderId: body.data.riderId };
    const seconds = /^wait=(\d+)$/.exec(c.req.header('prefer') ?? '')?.[1];
    const ended = await submit(command, seconds === undefined ? undefined : Number(seconds) * 1_000);
    const location = { location: `/v1/commands/${command.commandId}` };
    if (!ended) return c.json({ ...command, state: 'waiting' }, 202, location);
    const rider = await store.rider(command.riderId);
    return c.json({ command: { ...command, state: 'done' }, rider }, 200, location);
  });

serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
