import type { Clock, Machine } from '@paceline/shared/clock';
import type { BudgetName } from '@paceline/shared/definition';
import type { WindowView } from '@paceline/shared/contracts';
import type { MiddlewareHandler } from 'hono';
import { type Item, serializeList } from 'structured-headers';
import type { LimiterPeer } from '../peers.ts';
import { sharedReply } from '../shared-reply.ts';

/** Returns the account's windows; undefined when the limiter does not answer in time. */
export type CurrentWindows = () => Promise<readonly WindowView[] | undefined>;

/** Real ms after which a request to the limiter is given up. */
const requestTimeoutMs = 5_000;

/** The windows are only an addition to a response. */
export const currentWindows = (limiter: LimiterPeer, machine: Machine): CurrentWindows =>
  sharedReply(
    async () => (await limiter.windows({ waiting: 0, timeoutMs: requestTimeoutMs })).windows,
    machine,
    { maxWaitMs: 1_000, sharedForMs: 20 },
  );

/** `RateLimit-Policy` (quota, window) and `RateLimit` (remaining, reset) of draft-ietf-httpapi-ratelimit-headers; seconds. */
export function limitFields(
  name: string,
  { quota, window, remaining, reset }: { quota: number; window: number; remaining: number; reset: number },
) {
  const field = (...values: Array<[string, number]>) => {
    const item: Item = [name, new Map(values)];
    return serializeList([item]);
  };
  return {
    'ratelimit-policy': field(['q', quota], ['w', window]),
    ratelimit: field(['r', remaining], ['t', reset]),
  };
}

/** The header fields of a window. @param toSeconds converts project ms to seconds of the client's clock */
export function rateLimitFields(
  { endpoint, policy, available, freeAt }: WindowView,
  now: number,
  toSeconds: (ms: number) => number,
) {
  const whole = (ms: number) => Math.max(0, Math.ceil(toSeconds(ms)));
  return limitFields(endpoint, {
    quota: policy.limit,
    window: Math.max(1, whole(policy.windowMs)),
    remaining: available,
    reset: whole((freeAt ?? now) - now),
  });
}

export const rateLimitHeaders =
  (windows: CurrentWindows, clock: Clock, budget: BudgetName): MiddlewareHandler =>
  async (c, next) => {
    if (c.req.method !== 'POST') return next();
    const pendingWindows = windows();
    await next();
    const window = (await pendingWindows)?.find(({ endpoint }) => endpoint === budget);
    if (!window) return;
    const fields = rateLimitFields(window, clock.now(), (ms) => clock.toRealMs(ms) / 1_000);
    for (const [name, value] of Object.entries(fields)) c.res.headers.set(name, value);
  };
