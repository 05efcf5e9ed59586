import { IncomingWebhook } from '@slack/webhook';
import type { Clock } from '@paceline/shared/clock';
import type { AlertChanged } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import type { Logger } from '@paceline/shared/telemetry';
import type { Peers } from '../peers.ts';
import { rounds } from '../rounds.ts';
import { findSources } from '../sources/route.ts';
import { agesOf, claimUnsent, markSent, openAlerts, releaseClaim, storeChanges } from './query.ts';
import {
  type AlertKey,
  changesOf,
  type Condition,
  conflicts,
  learnedLimits,
  longQueues,
  lostJournal,
  type Observation,
  rejections,
  staleLists,
  staleSignups,
  unavailableSources,
} from './rules.ts';
import { chatMessage } from './view.ts';

const nextEvents = 100;

async function check<T>(
  keys: readonly AlertKey[],
  asked: Promise<T>,
  conditions: (answer: T) => readonly Condition[],
): Promise<Observation> {
  try {
    return { holding: conditions(await asked), unknown: [] };
  } catch {
    return { holding: [], unknown: keys };
  }
}

async function observe({ limiter, freshness, db, clock }: AlertPorts): Promise<Observation> {
  const found = await Promise.all([
    check(
      ['rate_limit_exceeded', 'limit_learned', 'journal_lost', 'long_queue'],
      limiter.windows(),
      ({ windows }) =>
        [rejections, learnedLimits, lostJournal, longQueues].flatMap((rule) => rule(windows, clock.now())),
    ),
    check(['sync_conflict'], limiter.status(), (status) =>
      conflicts(status.conflicts.lastConflict, clock.now()),
    ),
    check(['stale_data:signups'], freshness(nextEvents), ({ next }) => staleSignups(next, clock.now())),
    check(['stale_data:clubs', 'stale_data:events'], agesOf(db), (ages) => staleLists(ages, clock.now())),
    check(['source_unavailable'], findSources(db), unavailableSources),
  ]);
  return {
    holding: found.flatMap(({ holding }) => holding),
    unknown: found.flatMap(({ unknown }) => unknown),
  };
}

/** Sends a text to a chat. @throws when the chat has not taken it */
export type SendToChat = (text: string) => Promise<void>;

export function slack(url: string): SendToChat {
  const webhook = new IncomingWebhook(url, { timeout: 10_000 });
  return async (text) => {
    await webhook.send({ text });
  };
}

interface AlertPorts extends Pick<Peers, 'limiter' | 'freshness'> {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (alert: AlertChanged) => Promise<void>;
  readonly sendToChat: SendToChat | undefined;
  readonly url: string;
}

/** Between two checks: a quarter of a minute of project time, but real ms within these bounds. */
const pauseOf = (clock: Clock): number => Math.min(5_000, Math.max(250, clock.toMachine(15_000)));
/** Real ms within which an alert that was claimed is sent. */
const claimMs = 30_000;

async function checkAlerts(ports: AlertPorts): Promise<void> {
  const { db, clock, log, publish, sendToChat } = ports;
  const observation = await observe(ports);
  const now = Math.round(clock.now());
  for (const alert of await storeChanges(db, changesOf(await openAlerts(db), observation, now), now)) {
    const message = alert.resolvedAt === null ? `ALERT ${alert.title}` : `alert is over: ${alert.title}`;
    log.warn({ id: alert.id, why: alert.why }, message);
    await publish(alert);
  }
  if (sendToChat) await sendUnsent(ports, sendToChat);
}

async function sendUnsent({ db, clock, url }: AlertPorts, sendToChat: SendToChat): Promise<void> {
  for (;;) {
    const now = Math.round(clock.now());
    const alert = await claimUnsent(db, now, now + Math.round(clock.fromMachine(claimMs)));
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

/** Raises and resolves alerts, and tells the chat. Any number of replicas may do so: each alert is one row. */
export function watchAlerts(ports: AlertPorts) {
  const { clock, log } = ports;
  const round = () =>
    checkAlerts(ports).catch((error: unknown) => log.warn({ err: error }, 'alert check failed, retrying'));
  return rounds(clock.machine, round, () => pauseOf(clock));
}
