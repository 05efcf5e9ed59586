import type { Clock } from '@paceline/shared/clock';
import type { AlertChanged } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import { changesOf } from '../core/alerts/alert.ts';
import { messageOf } from '../core/alerts/message.ts';
import { type AlertSources, look as lookAt } from './alert-sources.ts';
import { giveBack, markTold, openAlerts, storeChanges, takeUntold } from './alerts.ts';
import type { Tell } from './slack.ts';

export interface AlertWatch {
  /** Looks at once, because something has happened. */
  look(): void;
  /** Returns when the look in hand is over; no other begins. */
  stop(): Promise<void>;
}

export interface WatchParts extends AlertSources {
  readonly log: Logger;
  /** Tells everybody who follows the events. */
  readonly announce: (alert: AlertChanged) => Promise<void>;
  /** Undefined: there is no chat. */
  readonly tell: Tell | undefined;
  /** Where the dashboard is served. */
  readonly url: string;
}

/** Between two looks: a quarter of a minute of project time, but real ms within these bounds. */
const pauseOf = (clock: Clock): number => Math.min(5_000, Math.max(250, clock.toMachine(15_000)));
/** Real ms within which who has taken an alert has told of it. */
const tellingMs = 30_000;

/**
 * Looks regularly at how things stand, raises and resolves alerts, and tells the chat. Any number of replicas may do so:
 * an alert is one row, and whoever takes it tells of it.
 */
export function watchAlerts(parts: WatchParts): AlertWatch {
  const { db, clock, log, announce, tell, url } = parts;
  let callOff = () => {};
  let stopped = false;
  let again = false;
  let inHand: Promise<void> | undefined;

  const round = async () => {
    const seen = await lookAt(parts);
    const now = Math.round(clock.now());
    const changed = await storeChanges(db, changesOf(await openAlerts(db), seen, now), now);
    for (const alert of changed) {
      log.warn(
        { id: alert.id, why: alert.why },
        alert.resolvedAt === null ? `ALERT ${alert.title}` : `alert is over: ${alert.title}`,
      );
      await announce(alert);
    }
    if (tell) await tellAll(tell);
  };

  const tellAll = async (chat: Tell) => {
    for (;;) {
      const now = Math.round(clock.now());
      const alert = await takeUntold(db, now, now + Math.round(clock.fromMachine(tellingMs)));
      if (!alert) return;
      try {
        await chat(messageOf(alert, url));
      } catch (error) {
        await giveBack(db, alert);
        throw error;
      }
      await markTold(db, alert, now);
    }
  };

  const look = () => {
    if (stopped) return;
    if (inHand) {
      again = true;
      return;
    }
    callOff();
    again = false;
    inHand = round()
      .catch((error: unknown) =>
        log.warn({ err: error }, 'alerts could not be looked after, trying again soon'),
      )
      .finally(() => {
        inHand = undefined;
        if (again) look();
        else if (!stopped) callOff = clock.machine.after(pauseOf(clock), look);
      });
  };

  look();
  return {
    look,
    async stop() {
      stopped = true;
      callOff();
      await inHand;
    },
  };
}
