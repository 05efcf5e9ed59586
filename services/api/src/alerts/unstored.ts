import type { Clock } from '@paceline/shared/clock';
import type { AlertChanged } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import { storeSent } from './query.ts';
import { alertId, type AlertKey, type AlertRow, type Observation } from './rules.ts';
import { chatMessage } from './view.ts';

interface UnstoredPorts {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (alert: AlertChanged, id: string) => Promise<boolean | undefined>;
  readonly sendToChat: ((text: string) => Promise<void>) | undefined;
  readonly url: string;
}

interface Unstored {
  readonly alert: AlertRow;
  readonly isSent: boolean;
}

/** Alerts of the time without a database: kept in memory until they can be stored. */
export interface UnstoredAlerts {
  /** Raises the alerts of an observation that are not raised yet. */
  add(observation: Observation): Promise<void>;
  /** Stores them: from then on they are like any other alert. */
  store(): Promise<void>;
}

export function unstoredAlerts({ db, clock, log, publish, sendToChat, url }: UnstoredPorts): UnstoredAlerts {
  /** By key; undefined: raised by another process. */
  const raised = new Map<AlertKey, Unstored | undefined>();

  async function send(alert: AlertRow): Promise<boolean> {
    if (!sendToChat) return false;
    return sendToChat(chatMessage(alert, url)).then(
      () => true,
      (error: unknown) => {
        log.warn({ err: error, id: alert.id }, 'failed to send an alert to the chat, retrying');
        return false;
      },
    );
  }

  return {
    async add({ present }) {
      const now = Math.round(clock.now());
      for (const condition of present) {
        const known = raised.get(condition.key);
        if (known && !known.isSent) raised.set(condition.key, { ...known, isSent: await send(known.alert) });
        if (raised.has(condition.key)) continue;
        const { isOneTime: _, ...about } = condition;
        const alert = {
          id: alertId(condition, now),
          ...about,
          raisedAt: now,
          lastSeenAt: now,
          resolvedAt: null,
        };
        // Before the first wait, as a second call can come meanwhile.
        raised.set(condition.key, { alert, isSent: true });
        // The broker drops a second message with this id, so that one process of several raises the alert.
        const minute = Math.floor(clock.machine.now() / 60_000);
        const isDuplicate = await publish(alert, `alert:${condition.key}:${minute}:raised`);
        if (isDuplicate === true) {
          raised.set(condition.key, undefined);
          continue;
        }
        log.warn({ id: alert.id, title: alert.title, why: alert.why }, 'alert raised, not stored yet');
        raised.set(condition.key, { alert, isSent: await send(alert) });
      }
    },
    async store() {
      if (raised.size === 0) return;
      await storeSent(
        db,
        [...raised.values()].filter((each) => each !== undefined),
      );
      raised.clear();
    },
  };
}
