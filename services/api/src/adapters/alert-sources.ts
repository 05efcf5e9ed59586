import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { Seen } from '../core/alerts/alert.ts';
import type { AlertKey, Condition } from '../core/alerts/condition.ts';
import { learnedLimits, longQueues, lostJournal, rejections } from '../core/alerts/of-budgets.ts';
import { unavailableSources } from '../core/alerts/of-sources.ts';
import { conflicts, staleLists, staleSignups } from '../core/alerts/of-syncs.ts';
import { agesOf } from './alerts.ts';
import type { Budgets } from './budgets.ts';
import type { Freshness } from './freshness.ts';
import type { LimiterStatus } from './limiter-status.ts';
import { findSources } from './sources.ts';

/** Where it is seen how things stand. */
export interface AlertSources {
  readonly db: Database;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly limiterStatus: LimiterStatus;
  readonly freshness: Freshness;
}

/** Real ms. */
const patience = 2_000;
/** How many of the next events are looked at. */
const nextEvents = 100;

interface Source {
  /** What only this source can tell. */
  readonly tells: readonly AlertKey[];
  conditions(sources: AlertSources): Promise<Condition[]>;
}

const all: readonly Source[] = [
  {
    tells: ['rate_limit_exceeded', 'limit_learned', 'journal_lost', 'long_queue'],
    async conditions({ budgets, clock }) {
      const { windows } = await budgets.windows();
      return [rejections, learnedLimits, lostJournal, longQueues].flatMap((rule) =>
        rule(windows, clock.now()),
      );
    },
  },
  {
    tells: ['sync_conflict'],
    async conditions({ limiterStatus, clock }) {
      const status = await limiterStatus(patience);
      return conflicts(status.conflicts.lastConflict, clock.now());
    },
  },
  {
    tells: ['stale_data:signups'],
    async conditions({ freshness, clock }) {
      const { next } = await freshness(nextEvents);
      return staleSignups(next, clock.now());
    },
  },
  {
    tells: ['stale_data:clubs', 'stale_data:events'],
    conditions: async ({ db, clock }) => staleLists(await agesOf(db), clock.now()),
  },
  {
    tells: ['source_unavailable'],
    conditions: async ({ db }) => unavailableSources(await findSources(db)),
  },
];

/** Everything that holds now, and what is not known because a service is away. @throws when the database is away */
export async function look(sources: AlertSources): Promise<Seen> {
  const looks = all.map(async ({ tells, conditions }): Promise<Seen> => {
    try {
      return { holding: await conditions(sources), unknown: [] };
    } catch {
      return { holding: [], unknown: tells };
    }
  });
  const seen = await Promise.all(looks);
  return {
    holding: seen.flatMap(({ holding }) => holding),
    unknown: seen.flatMap(({ unknown }) => unknown),
  };
}
