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
  /** The alerts of this observation are stored, so `add` does not raise them again. */
  stored(observation: Observation): void;
  /** Stores them: from then on they are like any other alert. */
  store(): Promise<void>;
}

export function unstoredAlerts({ db, clock, log, publish, sendToChat, url }: UnstoredPorts): UnstoredAlerts {
  /** By key; undefined: raised by another process. */
  const raised = new Map<AlertKey, Unstored | undefined>();
  let alreadyStored: ReadonlySet<AlertKey> = new Set();

  /** Sends alerts as one message; those that the chat does not accept are sent again with the next ones. */
  async function send(alerts: readonly AlertRow[]): Promise<void> {
    if (!sendToChat || alerts.length === 0) return;
    const mark = (isSent: boolean) => {
      for (const alert of alerts) if (raised.has(alert.key)) raised.set(alert.key, { alert, isSent });
    };
    mark(true);
    try {
      await sendToChat(alerts.map((alert) => chatMessage(alert, url)).join('\n\n'));
    } catch (error) {
      log.warn(
        { err: error, ids: alerts.map(({ id }) => id) },
        'failed to send alerts to the chat, retrying',
      );
      mark(false);
    }
  }

  /** The broker drops a second message with this id, so that one process of several raises the alert. */
  async function isOwn(alert: AlertRow): Promise<boolean> {
    const minute = Math.floor(clock.machine.now() / 60_000);
    const isDuplicate = await publish(alert, `alert:${alert.key}:${minute}:raised`);
    if (isDuplicate !== true)
      log.warn({ id: alert.id, title: alert.title, why: alert.why }, 'alert raised, not stored yet');
    return isDuplicate !== true;
  }

  return {
    async add({ present }) {
      const now = Math.round(clock.now());
      const unsent = [...raised.values()].flatMap((each) => (each && !each.isSent ? [each.alert] : []));
      const added = present
        .filter(({ key }) => !raised.has(key) && !alreadyStored.has(key))
        .map(({ isOneTime, ...about }) => {
          const id = alertId({ ...about, isOneTime }, now);
          return { id, ...about, raisedAt: now, lastSeenAt: now, resolvedAt: null };
        });
      // Before the first wait, as a second call can come meanwhile.
      for (const alert of added) raised.set(alert.key, undefined);
      const own: AlertRow[] = [];
      for (const alert of added) if (await isOwn(alert)) own.push(alert);
      for (const alert of own) raised.set(alert.key, { alert, isSent: false });
      await send([...unsent, ...own]);
    },
    stored({ present }) {
      alreadyStored = new Set(present.map(({ key }) => key));
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
