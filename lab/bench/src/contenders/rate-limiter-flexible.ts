import { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterQueue,
  RateLimiterRedis,
} from 'rate-limiter-flexible';
import type { Call, Client, Contender, Limit, Margin } from './contender.ts';

/** Redis takes its windows in whole seconds, so a margin is fewer calls, or a second more. */
const margins: readonly Margin[] = [
  { name: 'N − 1', apply: (limit) => ({ ...limit, calls: Math.max(1, limit.calls - 1) }) },
  { name: 'N − 2', apply: (limit) => ({ ...limit, calls: Math.max(1, limit.calls - 2) }) },
  { name: 'window + 100 %', apply: (limit) => ({ ...limit, windowMs: limit.windowMs * 2 }) },
];

const unlimited = 1e9;

function clientOf(call: Call, open: (limit: Limit) => RateLimiterAbstract, close: () => void): Client {
  const queues = new Map<string, RateLimiterQueue>();
  return {
    async limit(limits) {
      for (const limit of limits) queues.set(limit.key, new RateLimiterQueue(open(limit)));
    },
    async submit(jobs) {
      for (const job of jobs) {
        void queues
          .get(job.key)
          ?.removeTokens(1)
          .then(() => call(job))
          .catch(() => undefined);
      }
    },
    async close() {
      close();
    },
  };
}

const optionsOf = ({ key, calls, windowMs }: Limit) => ({
  keyPrefix: key,
  points: Math.min(calls, unlimited),
  duration: windowMs / 1000,
});

const common = { name: 'rate-limiter-flexible', limits: true, margins } as const;

/** RateLimiterQueue of its wiki: a queue in front of a window that begins with its first call. */
export const flexible: Contender = {
  ...common,
  id: 'flexible',
  as: 'one process: RateLimiterQueue on RateLimiterMemory',
  home: 'memory',
  shared: false,
  countsIn: 'process',
  floodKeys: 1,
  connect: async (_, call) =>
    clientOf(
      call,
      (limit) => new RateLimiterMemory(optionsOf(limit)),
      () => undefined,
    ),
};

export const flexibleRedis: Contender = {
  ...common,
  id: 'flexible-redis',
  as: 'RateLimiterQueue on RateLimiterRedis',
  home: 'redis',
  shared: true,
  countsIn: 'server',
  floodKeys: 100,
  async connect({ url }, call) {
    const storeClient = new Redis(url, { enableOfflineQueue: false, lazyConnect: true });
    storeClient.on('error', () => undefined);
    await storeClient.connect();
    return clientOf(
      call,
      (limit) => new RateLimiterRedis({ ...optionsOf(limit), storeClient }),
      () => storeClient.disconnect(),
    );
  },
};
