import type { Budget } from '@paceline/shared/definition';
import type { Clock } from '@paceline/shared/clock';
import type { MiddlewareHandler } from 'hono';
import type { CurrentWindows } from '../adapters/current-windows.ts';
import { rateLimitFields } from '../core/rate-limit.ts';

/** Tells whoever posts what spends a budget how its window stood when it was asked. */
export const tellsWindow =
  (windows: CurrentWindows, clock: Clock, budget: Budget): MiddlewareHandler =>
  async (c, next) => {
    if (c.req.method !== 'POST') return next();
    const asking = windows();
    await next();
    const window = (await asking)?.find(({ endpoint }) => endpoint === budget);
    if (!window) return;
    const fields = rateLimitFields(window, clock.now(), (ms) => clock.toMachine(ms) / 1_000);
    for (const [name, value] of Object.entries(fields)) c.res.headers.set(name, value);
  };
