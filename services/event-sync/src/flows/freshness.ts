import type { Machine } from '@paceline/shared/clock';
import { catalog, type FreshnessMeasured } from '@paceline/shared/contracts';
import { publish, type Responder, respondWith } from '@paceline/shared/messaging';
import { plainError } from '@paceline/shared/database';
import { meter } from '@paceline/shared/telemetry';
import { findCandidates, findMeasured } from '../adapters/events.ts';
import type { EventSync } from '../config.ts';
import { wholeHorizon } from '../core/classes.ts';
import { measure, nextEvents } from '../core/freshness.ts';
import { openPlanner } from './call-plan.ts';

const day = 86_400_000;

/** The freshness of our copies. */
async function measureNow({ db, clock, rules: { goals } }: EventSync): Promise<FreshnessMeasured> {
  const now = clock.now();
  const { after, until } = wholeHorizon(now);
  // Older copies were beyond every goal before the day began.
  const copiedSince = now - day - Math.max(...Object.values(goals));
  const [upcoming, lastDay] = await Promise.all([
    findCandidates(db, { after, until }),
    findMeasured(db, { after: now - day, until }, copiedSince),
  ]);
  return measure(upcoming, lastDay, goals, now);
}

/** Real ms for which requests share what was found, because finding it takes tens of ms. */
const sharedForMs = 500;

/** Answers freshness requests with the next events to fetch; one replica answers each. */
export function answerFreshness(sync: EventSync): Responder {
  const plan = openPlanner(sync);
  const measured = sharedBriefly(() => measureNow(sync), sync.clock.machine);
  const next = sharedBriefly(
    async () => nextEvents(await plan({ permit: 'before' }), sync.rules.goals, sync.clock.now()),
    sync.clock.machine,
  );
  return respondWith(sync.bus, catalog.freshness, 'event-sync', async ({ next: count }) => {
    try {
      const [freshness, events] = await Promise.all([measured(), count === 0 ? [] : next()]);
      return { ...freshness, next: events.slice(0, count) };
    } catch (error) {
      throw plainError(error);
    }
  });
}

/** Shares what is found with the requests that follow within a moment; a failure is not shared with later ones. */
function sharedBriefly<T>(find: () => Promise<T>, machine: Machine): () => Promise<T> {
  let last: { readonly found: Promise<T>; readonly at: number } | undefined;
  return () => {
    if (last && machine.elapsed() < last.at + sharedForMs) return last.found;
    const asked = { found: find(), at: machine.elapsed() };
    asked.found.catch(() => {
      if (last === asked) last = undefined;
    });
    last = asked;
    return asked.found;
  };
}

/** Publishes the freshness once per slot, however often its run is retried. */
export async function publishFreshness(sync: EventSync, slotId: string): Promise<void> {
  try {
    const { at, classes } = await measureNow(sync);
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
      const measured = await measureNow(sync).catch(() => undefined);
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
