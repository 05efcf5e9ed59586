import { Redis } from 'ioredis';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterQueue,
  RateLimiterRedis,
} from 'rate-limiter-flexible';
import {
  type MakeJobCall,
  type Client,
  type Contender,
  ignore,
  inProcess,
  type ContenderLimit,
  type Margin,
  onServer,
  perLimit,
  unlimited,
} from './contender.ts';

/** On Redis windows are whole seconds, so a margin is fewer calls or one more second. */
const margins: readonly Margin[] = [
  { name: 'N − 1', apply: (limit) => ({ ...limit, calls: Math.max(1, limit.calls - 1) }) },
  { name: 'N − 2', apply: (limit) => ({ ...limit, calls: Math.max(1, limit.calls - 2) }) },
  { name: 'window + 100 %', apply: (limit) => ({ ...limit, windowMs: limit.windowMs * 2 }) },
];

const clientOf = (
  call: MakeJobCall,
  open: (limit: ContenderLimit) => RateLimiterAbstract,
  close?: () => void,
): Client =>
  perLimit(
    (limit) => new RateLimiterQueue(open(limit)),
    (queue, jobs) => {
      for (const job of jobs) {
        void queue
          .removeTokens(1)
          .then(() => call(job))
          .catch(ignore);
      }
    },
    close,
  );

const optionsOf = ({ key, calls, windowMs }: ContenderLimit) => ({
  keyPrefix: key,
  points: Math.min(calls, unlimited),
  duration: windowMs / 1000,
});

const name = 'rate-limiter-flexible';

/** RateLimiterQueue as in its wiki: a queue in front of a window that starts with its first call. */
export const flexible: Contender = {
  ...inProcess,
  id: 'flexible',
  name,
  margins,
  as: 'one process: RateLimiterQueue on RateLimiterMemory',
  connect: async (_, call) => clientOf(call, (limit) => new RateLimiterMemory(optionsOf(limit))),
};

export const flexibleRedis: Contender = {
  ...onServer('redis'),
  id: 'flexible-redis',
  name,
  margins,
  as: 'RateLimiterQueue on RateLimiterRedis',
  floodKeys: 100,
  async connect({ url }, call) {
    const storeClient = new Redis(url, { enableOfflineQueue: false, lazyConnect: true });
    storeClient.on('error', ignore);
    await storeClient.connect();
    return clientOf(
      call,
      (limit) => new RateLimiterRedis({ ...optionsOf(limit), storeClient }),
      () => storeClient.disconnect(),
    );
  },
};
