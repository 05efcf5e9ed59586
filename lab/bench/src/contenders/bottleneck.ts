import Bottleneck from 'bottleneck';
import { Redis } from 'ioredis';
import {
  type MakeJobCall,
  type Client,
  type Contender,
  type ContenderLimit,
  ignore,
  inProcess,
  onServer,
  perLimit,
  urgencies,
} from './contender.ts';

/** Quick start in its README: one call every W/N, one at a time. */
const paced = ({ calls, windowMs }: ContenderLimit): Bottleneck.ConstructorOptions =>
  calls === Infinity ? {} : { minTime: windowMs / calls, maxConcurrent: 1 };

/** "N every W" in its README. When clustered, it refreshes at most every 5 s. */
const filled = ({ calls, windowMs }: ContenderLimit): Bottleneck.ConstructorOptions =>
  calls === Infinity
    ? {}
    : {
        reservoir: calls,
        reservoirRefreshAmount: calls,
        reservoirRefreshInterval: windowMs,
        maxConcurrent: calls,
      };

const clientOf = (
  call: MakeJobCall,
  optionsOf: (limit: ContenderLimit) => Bottleneck.ConstructorOptions,
  connection?: Bottleneck.IORedisConnection,
): Client =>
  perLimit(
    async (limit) => {
      const cluster = connection ? { id: limit.key, connection, clearDatastore: false } : {};
      const limiter = new Bottleneck({ ...optionsOf(limit), ...cluster });
      limiter.on('error', ignore);
      await limiter.ready();
      return limiter;
    },
    (limiter, jobs) => {
      for (const job of jobs) {
        const priority = 1 + 3 * urgencies.indexOf(job.urgency);
        limiter.schedule({ priority, expiration: 30_000 }, () => call(job)).catch(ignore);
      }
    },
    () => connection?.disconnect(),
  );

export const bottleneck: Contender = {
  ...inProcess,
  id: 'bottleneck',
  name: 'bottleneck',
  as: 'one process: reservoir N, refreshed every W',
  connect: async (_, call) => clientOf(call, filled),
};

/** Clustering as in its README. */
export const bottleneckCluster: Contender = {
  ...onServer('redis'),
  id: 'bottleneck-cluster',
  name: 'bottleneck',
  as: 'clustered on Redis: minTime W/N, maxConcurrent 1',
  async connect({ url }, call) {
    const client = new Redis(url).on('error', ignore);
    return clientOf(call, paced, new Bottleneck.IORedisConnection({ client }));
  },
};
