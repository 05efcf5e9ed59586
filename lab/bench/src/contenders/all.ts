import { bottleneck, bottleneckCluster } from './bottleneck.ts';
import type { Contender, Home } from './contender.ts';
import { pQueue, pThrottled } from './in-process.ts';
import { paceline } from './paceline.ts';
import { bullmq, graphileWorker, pgBoss } from './queues.ts';
import { flexible, flexibleRedis } from './rate-limiter-flexible.ts';

/** All contenders, ours first. */
export const contenders: readonly Contender[] = [
  paceline,
  bottleneckCluster,
  bottleneck,
  flexibleRedis,
  flexible,
  pQueue,
  pThrottled,
  bullmq,
  pgBoss,
  graphileWorker,
];

/** Our name in the tables. */
export const ours = paceline.name;

/** Whether it limits, and is the variant of its library that serves the most processes. */
export const isWidest = ({ limits, shared, name }: Contender): boolean =>
  limits && (shared || !contenders.some((each) => each.name === name && each.shared));

/** Contenders that limit calls per time, one variant per library. */
export const limiting = contenders.filter(isWidest);

/** Contenders that limit calls per time, all variants. */
export const allLimiting = contenders.filter(({ limits }) => limits);

/** What a contender's state survives. */
export type Durability = 'nothing' | 'kill -9' | 'power cut';

/** A contender with one of the places where it can keep its state. */
export interface Variant {
  readonly contender: Contender;
  readonly home: Home;
  readonly survives: Durability;
}

export const variants: readonly Variant[] = contenders.flatMap((contender) =>
  homesOf(contender).map(([home, survives]) => ({ contender, home, survives })),
);

function homesOf({ home }: Contender): ReadonlyArray<[Home, Durability]> {
  if (home === 'memory') return [[home, 'nothing']];
  if (home === 'postgres') return [[home, 'power cut']];
  return home === 'redis'
    ? [
        [home, 'nothing'],
        ['redis-synced', 'power cut'],
      ]
    : [
        ['limiter', 'kill -9'],
        ['limiter-synced', 'power cut'],
      ];
}
