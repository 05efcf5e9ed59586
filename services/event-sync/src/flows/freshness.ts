import { catalog, type FreshnessReport } from '@paceline/shared/contracts';
import { publish, type Responder, respondWith } from '@paceline/shared/messaging';
import { plainError } from '@paceline/shared/database';
import { meter } from '@paceline/shared/telemetry';
import { findCandidates, findMeasured } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { wholeHorizon } from '../core/classes.ts';
import { measure, nextEvents } from '../core/freshness.ts';

const day = 86_400_000;

/** Freshness of our copies, and the events to fetch next. */
async function report(sync: EventSync, next: number): Promise<FreshnessReport> {
  const now = sync.clock.now();
  const { after, until } = wholeHorizon(now);
  // Older copies were beyond every goal before the day began.
  const copiedSince = now - day - Math.max(...Object.values(sync.goals));
  const [upcoming, lastDay] = await Promise.all([
    findCandidates(sync.db, { after, until }),
    findMeasured(sync.db, { after: now - day, until }, copiedSince),
  ]);
  const measured = measure(upcoming, lastDay, sync.goals, now);
  return { ...measured, next: next === 0 ? [] : nextEvents(upcoming, sync.goals, now).slice(0, next) };
}

/** Answers freshness requests; one replica answers each. */
export const answerFreshness = (sync: EventSync): Responder =>
  respondWith(sync.bus, catalog.freshness, 'event-sync', ({ next }) =>
    report(sync, next).catch((error: unknown) => {
      throw plainError(error);
    }),
  );

/** Publishes the freshness once per slot, however often its run is retried. */
export async function publishFreshness(sync: EventSync, slotId: string): Promise<void> {
  try {
    const { at, classes } = await report(sync, 0);
    await publish(sync.bus, catalog.freshnessMeasured, { at, classes }, { id: `freshness:${slotId}` });
  } catch (error) {
    // No need to retry: the next slot publishes it again.
    sync.log.warn({ err: error, slotId }, 'failed to publish freshness');
  }
}

/** Metrics of the freshness, measured at each collection. */
export function publishFreshnessMetrics(sync: EventSync): void {
  const freshnessMeter = meter();
  const share = freshnessMeter.createObservableGauge('paceline.freshness.last_day', {
    unit: '1',
    description: "Share of the last day's event time with a copy of the signups within its goal",
  });
  const within = freshnessMeter.createObservableGauge('paceline.freshness.within_goal', { unit: '{event}' });
  const events = freshnessMeter.createObservableGauge('paceline.freshness.events', { unit: '{event}' });
  freshnessMeter.addBatchObservableCallback(
    async (observe) => {
      const measured = await report(sync, 0).catch(() => undefined);
      for (const each of measured?.classes ?? []) {
        const of = (riders: 'any' | 'ours') => ({ class: each.class, riders });
        if (each.lastDay !== null) observe.observe(share, each.lastDay, of('any'));
        if (each.oursLastDay !== null) observe.observe(share, each.oursLastDay, of('ours'));
        observe.observe(events, each.events, of('any'));
        observe.observe(events, each.ours, of('ours'));
        observe.observe(within, each.within, of('any'));
        observe.observe(within, each.oursWithin, of('ours'));
      }
    },
    [share, within, events],
  );
}
