import { PermitRefused } from '@paceline/shared/limiter';
import { callUpstream, plainError, throughOutages } from '@paceline/shared/sync';
import { inSpan } from '@paceline/shared/telemetry';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import type { AllowUrgent } from './allow-urgent.ts';
import { findCandidates } from './adapters/events.ts';
import { storeSignups } from './adapters/signups.ts';
import type { EventSync } from './config.ts';
import { type Failures, noFailures } from './core/failures.ts';
import { horizonOf } from './core/horizon.ts';
import { untilNextUrgent, urgentOf } from './core/urgent.ts';
import { afterFailure, pauseAfterTrouble } from './core/urgent-watch.ts';
import { signupsCall } from './signups-call.ts';

/**
 * Refreshes the signups of each event once in its last minutes, in or out of a slot, until shutdown begins. Which
 * events are about to start is known from the list: upstream is not asked for that.
 */
export async function watchUrgent(sync: EventSync, allow: AllowUrgent): Promise<void> {
  let failures = noFailures;
  while (!sync.signal.aborted) {
    try {
      const { pause, after } = await refreshFirst(sync, allow, failures);
      failures = after;
      await sync.clock.sleep(pause, sync.signal);
    } catch (error) {
      if (sync.signal.aborted) return;
      sync.log.error({ err: plainError(error) }, 'events that are about to start could not be refreshed');
      await sync.clock.sleep(pauseAfterTrouble, sync.signal).catch(() => undefined);
    }
  }
}

/** Refreshes the event that can wait least, if there is one. Returns when to look again. */
async function refreshFirst(
  sync: EventSync,
  allow: AllowUrgent,
  failures: Failures,
): Promise<{ pause: number; after: Failures }> {
  const look = async () => {
    const now = sync.clock.now();
    const soon = await throughOutages(sync, () => findCandidates(sync.db, horizonOf('near', now)));
    return {
      urgent: await allow(urgentOf(soon, failures.failed, sync.goals, now)),
      pause: untilNextUrgent(soon, sync.goals, now),
    };
  };
  const { urgent, pause } = await look();
  if (urgent.length === 0) return { pause, after: failures };
  let eventId = '';
  try {
    await inSpan('refresh urgent event', {}, async () => {
      const answer = await callUpstream(sync, {
        endpoint: 'signups',
        lane: 'near_event_urgent',
        deadline: Math.max(...urgent.map(({ startsAt }) => startsAt)),
        owner: {},
        choose: async () => {
          // A near run, or another replica, may have fetched it meanwhile.
          const [first] = (await look()).urgent;
          if (!first) return undefined;
          eventId = first.eventId;
          return signupsCall(sync, eventId, 'about_to_start');
        },
      });
      if (!answer) return;
      await throughOutages(sync, () =>
        sync.db.transaction((tx) => storeSignups(tx, eventId, answer, Math.round(sync.clock.now()))),
      );
    });
    return { pause: 0, after: { ...failures, inARow: 0 } };
  } catch (error) {
    if (error instanceof PermitRefused) return { pause: pauseAfterTrouble, after: failures };
    if (!(error instanceof UpstreamError)) throw error;
    sync.log.warn(
      { err: error, eventId },
      'the signups of an event that is about to start could not be fetched',
    );
    const next = afterFailure(failures, eventId, error.code);
    return { pause: next.pause, after: next.failures };
  }
}
