// oxlint-disable-next-line no-restricted-imports -- tests run against the real limiter
import { limiterVariables } from '@paceline/limiter/config';
// oxlint-disable-next-line no-restricted-imports -- see above
import { startLimiter } from '@paceline/limiter/service';
import { createWorld as createUpstream, type Sandbox, startSandbox } from '@paceline/sandbox';
import { tables } from '@paceline/shared/database';
import type { TestBackend } from '@paceline/shared/testing/backend';
import {
  openSyncHarness,
  type SyncHarness,
  type HarnessService,
  type HarnessOptions,
} from '@paceline/shared/sync/testing';
import { eventSyncVariables } from '../config.ts';
import { startEventSync } from '../service.ts';

/** The event sync with a real broker, Postgres and limiter, and the sandbox as upstream. */
export interface EventSyncHarness<P extends TestBackend = TestBackend> extends SyncHarness<P> {
  readonly sandbox: Sandbox;
  start(env?: Record<string, string>): Promise<HarnessService>;
  /** Number of calls that upstream has received. */
  lastSeq(): number;
  /** Ids of the events whose signups (or results) were requested since call `from`, in order. */
  requested(from?: number, budget?: 'signups' | 'results'): string[];
  /** Ids of upstream events that start in a day or later. */
  upstreamEvents(count: number): Promise<string[]>;
  /** Ids of races that have rated results. */
  ratedRaces(count: number): string[];
  /**
   * Adds events to a fresh event list, so that a run fetches these alone.
   * @param lead project ms until the first one starts; the others follow at intervals of a minute
   */
  list(ids: readonly string[], lead: number): Promise<void>;
}

const minute = 60_000;
const hour = 60 * minute;

const { events } = tables;

/** Long, because it is one object of small helpers. */
export async function openEventSyncHarness<P extends TestBackend = TestBackend>(
  options: HarnessOptions,
  backend?: P,
): Promise<EventSyncHarness<P>> {
  const base = await openSyncHarness(options, backend);
  const { clock, keys } = base;
  const sandbox = await startSandbox({ clock, keys });
  await base.run('limiter', limiterVariables, startLimiter);
  return {
    ...base,
    sandbox,
    lastSeq: () => sandbox.audit().at(-1)?.seq ?? 0,
    requested: (from = 0, of = 'signups') =>
      sandbox
        .audit()
        .filter(({ budget, seq }) => budget === of && seq > from)
        .map(({ path }) => path.split('/').at(-1) ?? ''),
    async upstreamEvents(count) {
      const headers = { Authorization: base.newKey() };
      const response = await base.during(fetch(`${sandbox.url}/public/events/upcoming`, { headers }));
      const listed = (await response.json()) as Array<{ eventId: string; time: number }>;
      const later = listed.filter(({ time }) => time * 1_000 > clock.now() + 24 * hour);
      return later.slice(0, count).map(({ eventId }) => eventId);
    },
    ratedRaces(count) {
      // With the sandbox's default seed.
      const upstream = createUpstream(1);
      const isRated = (eventId: string) =>
        upstream.results(Number(eventId), clock.now())?.results.some((each) => 'rating' in each);
      const earlier = upstream
        .upcoming(clock.now() - 24 * hour)
        .filter(({ time }) => time * 1_000 < clock.now());
      return earlier
        .map(({ eventId }) => eventId)
        .filter(isRated)
        .slice(0, count);
    },
    async list(ids, lead) {
      const now = Math.round(clock.now());
      // Stays fresh for longer than any test.
      const fetchedAt = now + 80 * hour;
      await base.db.transaction(async (tx) => {
        await tx.insert(events).values(
          ids.map((eventId, index) => ({
            eventId,
            title: `Event ${index}`,
            startsAt: now + lead + index * minute,
            raw: {},
            firstSeenAt: now,
            fetchedAt,
          })),
        );
        await tx.update(events).set({ fetchedAt });
      });
    },
    start: (env) =>
      base.run('event-sync', eventSyncVariables, startEventSync, {
        ZWIFTRACING_BASE_URL: sandbox.url,
        ...env,
      }),
    async close() {
      await base.close();
      await sandbox.close();
    },
  };
}
