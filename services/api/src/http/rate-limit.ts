import type { Clock, Machine } from '@paceline/shared/clock';
import type { BudgetName } from '@paceline/shared/definition';
import type { WindowLeft, WindowView } from '@paceline/shared/contracts';
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

interface LimitState {
  readonly name: string;
  readonly quota: number;
  /** Seconds. */
  readonly window: number;
  readonly remaining: number;
  /** Seconds. */
  readonly reset: number;
}

/** `RateLimit-Policy` (quota, window) and `RateLimit` (remaining, reset) of draft-ietf-httpapi-ratelimit-headers, an item for each limit. */
export function limitFields(...limits: readonly LimitState[]): Record<string, string> {
  if (limits.length === 0) return {};
  const field = (valuesOf: (limit: LimitState) => Array<[string, number]>) =>
    serializeList(limits.map((limit): Item => [limit.name, new Map(valuesOf(limit))]));
  return {
    'ratelimit-policy': field(({ quota, window }) => [
      ['q', quota],
      ['w', window],
    ]),
    ratelimit: field(({ remaining, reset }) => [
      ['r', remaining],
      ['t', reset],
    ]),
  };
}

/** The header fields of windows. @param toSeconds converts project ms to seconds of the client's clock */
export function rateLimitFields(
  windows: readonly WindowLeft[],
  now: number,
  toSeconds: (ms: number) => number,
): Record<string, string> {
  const whole = (ms: number) => Math.max(0, Math.ceil(toSeconds(ms)));
  const states = windows.map(({ budget: name, policy, available, freeAt }) => ({
    name,
    quota: policy.limit,
    window: Math.max(1, whole(policy.windowMs)),
    remaining: available,
    reset: whole((freeAt ?? now) - now),
  }));
  return limitFields(...states);
}

export const rateLimitHeaders =
  (windows: CurrentWindows, clock: Clock, budget: BudgetName): MiddlewareHandler =>
  async (c, next) => {
    if (c.req.method !== 'POST') return next();
    const pendingWindows = windows();
    await next();
    const window = (await pendingWindows)?.find(({ endpoint }) => endpoint === budget);
    if (!window) return;
    const fields = rateLimitFields([{ ...window, budget }], clock.now(), (ms) => clock.toRealMs(ms) / 1_000);
    for (const [name, value] of Object.entries(fields)) c.res.headers.set(name, value);
  };
