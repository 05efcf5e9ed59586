import { IncomingWebhook } from '@slack/webhook';
import type { Clock } from '@paceline/shared/clock';
import type { AlertChanged } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { type Logger, repeatedFailure } from '@paceline/shared/telemetry';
import type { ShownAccount } from '../budgets/accounts.ts';
import { type HealthReader, obstacleOf } from '../health/parts.ts';
import type { PartName } from '../health/model.ts';
import type { HealthWatch } from '../health/watch.ts';
import type { Peers } from '../peers.ts';
import { repeat } from '../repeat.ts';
import { findSources } from '../sources/route.ts';
import {
  findDataAges,
  findDoubts,
  claimUnsent,
  markSent,
  openAlerts,
  releaseClaim,
  storeChanges,
} from './query.ts';
import {
  type AlertKey,
  alertChanges,
  type AlertCondition,
  type AlertRow,
  downParts,
  doubtedLists,
  isAboutPart,
  type Observation,
  staleLists,
  staleSignups,
  unavailableSources,
  unreadableSchedule,
} from './rules.ts';
import { type UnstoredAlerts, unstoredAlerts } from './unstored.ts';
import { chatMessage } from './view.ts';
import { windowConditions } from './windows.ts';

/** With every planned call, and the events that wait without one. */
const checkedEvents = 500;

async function check<T>(
  keys: readonly AlertKey[],
  pending: Promise<T>,
  conditions: (reply: T) => readonly AlertCondition[],
): Promise<Observation> {
  try {
    return { present: conditions(await pending), unknown: [] };
  } catch {
    return { present: [], unknown: keys };
  }
}

async function observe({
  accounts,
  scheduler,
  freshness,
  db,
  clock,
  health,
}: AlertPorts): Promise<Observation> {
  // A request to a service that does not run waits for one, and would hold up the whole check.
  const ifUp = <T>(service: PartName, ask: () => Promise<T>): Promise<T> =>
    health.parts().some(({ part, state }) => part === service && state === 'up')
      ? ask()
      : Promise.reject(new Error(`${service} is not running`));
  const report = ifUp('event-sync', () => freshness(checkedEvents));
  const schedule = ifUp('scheduler', () => scheduler.schedule());
  const results = await Promise.all([
    ...accounts.map(({ upstream, limiter }) =>
      check(
        [
          'rate_limit_exceeded',
          'limit_learned',
          'foreign_use',
          'journal_lost',
          'long_queue',
          'sync_conflict',
        ],
        limiter.windows(),
        ({ windows }) => windowConditions(upstream, windows, clock.now()),
      ),
    ),
    check(['stale_data:signups'], report, ({ next }) => staleSignups(next, clock.now())),
    check(['stale_data:clubs', 'stale_data:events'], findDataAges(db, Math.round(clock.now())), (ages) =>
      staleLists(ages, clock.now()),
    ),
    check(['source_unavailable'], findSources(db), unavailableSources),
    check(['doubted_data:club', 'doubted_data:events'], findDoubts(db), doubtedLists),
    check(['doubted_data:schedule'], schedule, (reply) => unreadableSchedule(reply, Math.round(clock.now()))),
  ]);
  return {
    present: results.flatMap(({ present }) => present),
    unknown: results.flatMap(({ unknown }) => unknown),
  };
}

/** Sends a text to a chat. @throws when the chat has not accepted it */
export type SendToChat = (text: string) => Promise<void>;

export function slack(url: string): SendToChat {
  const webhook = new IncomingWebhook(url, { timeout: 10_000 });
  return async (text) => {
    await webhook.send({ text });
  };
}

interface AlertPorts extends Pick<Peers, 'scheduler' | 'freshness'> {
  /** Of every upstream whose calls are shown. */
  readonly accounts: readonly ShownAccount[];
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly health: Pick<HealthWatch, 'parts' | 'onChange'>;
  /** @returns whether it was published before under this id; undefined when it could not be published */
  readonly publish: (alert: AlertChanged, id: string) => Promise<boolean | undefined>;
  readonly sendToChat: SendToChat | undefined;
  readonly url: string;
}

/** Real ms between two checks: a minute of project time, within bounds. What is urgent causes a check at once. */
const checkIntervalMs = (clock: Clock): number => Math.max(250, clock.toRealMs(60_000));
/** Real ms after a check that failed. */
const retryMs = 5_000;
/** Real ms that a process has to send the alert that it has claimed. */
const claimMs = 30_000;

async function checkParts(ports: AlertPorts, unstored: UnstoredAlerts): Promise<void> {
  const { health, sendToChat } = ports;
  if (isDatabaseDown(health)) return unstored.add(downParts(health.parts()));
  await unstored.store();
  const observed = downParts(health.parts());
  await apply(ports, observed, ({ key }) => isAboutPart(key));
  unstored.stored(observed);
  if (sendToChat) await sendUnsent(ports, sendToChat);
}

async function checkConditions(ports: AlertPorts): Promise<void> {
  const { health, sendToChat } = ports;
  if (isDatabaseDown(health)) return;
  await apply(ports, await observe(ports), ({ key }) => !isAboutPart(key));
  if (sendToChat) await sendUnsent(ports, sendToChat);
}

const isDatabaseDown = (health: Pick<HealthReader, 'parts'>): boolean =>
  obstacleOf(health.parts(), ['database']) !== undefined;

/** Raises and resolves the alerts that an observation is about. */
async function apply(
  { db, clock, log, publish }: AlertPorts,
  observation: Observation,
  isObserved: (alert: AlertRow) => boolean,
): Promise<void> {
  const now = Math.round(clock.now());
  const open = (await openAlerts(db)).filter(isObserved);
  for (const alert of await storeChanges(db, alertChanges(open, observation, now), now)) {
    const { id, title, why, resolvedAt } = alert;
    if (resolvedAt === null) log.warn({ id, title, why }, 'alert raised');
    else log.info({ id, title }, 'alert resolved');
    await publish(alert, `alert:${id}:${resolvedAt === null ? 'raised' : 'resolved'}`);
  }
}

async function sendUnsent({ db, clock, url }: AlertPorts, sendToChat: SendToChat): Promise<void> {
  for (;;) {
    const now = Math.round(clock.now());
    const alert = await claimUnsent(db, now, now + Math.round(clock.toProjectMs(claimMs)));
    if (!alert) return;
    try {
      await sendToChat(chatMessage(alert, url));
    } catch (error) {
      await releaseClaim(db, alert);
      throw error;
    }
    await markSent(db, alert, now);
  }
}

/** Raises and resolves alerts, and sends them to the chat. Any number of replicas can run it: each alert is one row. */
export function watchAlerts(ports: AlertPorts) {
  const { clock, log, health } = ports;
  const unstored = unstoredAlerts(ports);
  /** @returns whether it succeeded */
  const attempt = (check: () => Promise<void>) => {
    const failures = repeatedFailure((err) => log.warn({ err }, 'alert check failed, retrying'));
    return async (): Promise<boolean> => {
      try {
        await check();
        failures.succeeded();
        return true;
      } catch (error) {
        failures.failed(error);
        return false;
      }
    };
  };
  const repeated = (check: () => Promise<void>) => {
    const attempted = attempt(check);
    const interval = checkIntervalMs(clock);
    let pauseMs = interval;
    const run = async () => {
      pauseMs = (await attempted()) ? interval : Math.min(interval, retryMs);
    };
    return repeat(clock.machine, run, () => pauseMs);
  };
  // On their own, as the other conditions wait for services that do not answer.
  const parts = repeated(() => checkParts(ports, unstored));
  const conditions = repeated(() => checkConditions(ports));
  const addUnstored = attempt(() => unstored.add(downParts(health.parts())));
  health.onChange(() => {
    parts.runNow();
    conditions.runNow();
    // At once: a database that hangs holds up the check that is running.
    if (isDatabaseDown(health)) void addUnstored();
  });
  return {
    /** Checks now what the limiter has an alert about. */
    runNow: conditions.runNow,
    stop: async () => void (await Promise.all([parts.stop(), conditions.stop()])),
  };
}
