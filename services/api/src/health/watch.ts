import type { Clock, Machine } from '@paceline/shared/clock';
import { monitoredServices, presenceOf } from '@paceline/shared/contracts';
import { type Database, endedCalls, tables } from '@paceline/shared/database';
import { type Bus, subscribe } from '@paceline/shared/messaging';
import type { Checks } from '@paceline/shared/runtime';
import type { Logger } from '@paceline/shared/telemetry';
import { and, desc, eq, gte } from 'drizzle-orm';
import { orAborted } from '../broker.ts';
import { repeat } from '../repeat.ts';
import { findSources } from '../sources/route.ts';
import { watchDurability } from './durability.ts';
import { type LoggedCall, observedUpstream } from './calls.ts';
import { type HealthState, initialHealth, type Observed, presenceReceived, roundEnded } from './model.ts';
import { type HealthReader, partsOf } from './parts.ts';

/** Real ms between two rounds. */
const roundMs = 1_000;
/** Real ms that a ping may take. */
const pingTimeoutMs = 2_000;
/** The calls by which upstream is judged. */
const judgedCalls = 20;
const dayMs = 86_400_000;
/** Real ms after the last event in which the result of its call may still be stored. */
const eventMs = 10_000;
/** Real ms between two reads of the calls without any event, which can get lost. */
const callsEveryMs = 60_000;

export interface HealthWatch extends HealthReader {
  /** Called whenever a part has changed its state. */
  onChange(listener: () => void): void;
  stop(): Promise<void>;
}

interface HealthPorts {
  /** That of the syncs, whose upstream is a part of the system. */
  readonly account: string;
  readonly checks: Record<'broker' | 'database', Checks[string]>;
  readonly connected: Promise<Bus>;
  /** The sequence of the last event: every call causes some. */
  readonly lastEvent: () => number | undefined;
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Pings broker and database every second, reads the results of the last calls while there are any, and listens to the services. */
export function watchHealth({
  account,
  checks,
  connected,
  lastEvent,
  db,
  clock,
  log,
  signal,
}: HealthPorts): HealthWatch {
  let health = initialHealth;
  const listeners: Array<() => void> = [];
  const now = () => Math.floor(clock.now());
  const update = (next: HealthState) => {
    const hasChanged = next.readings.some(({ state }, index) => state !== health.readings[index]?.state);
    health = next;
    if (hasChanged) for (const listener of listeners) listener();
  };
  connected.then(
    (bus) => {
      for (const service of monitoredServices)
        subscribe(bus, presenceOf[service], {}, (presence) =>
          update(presenceReceived(health, service, presence, now())),
        );
    },
    // Reported by the service, which cannot start.
    () => undefined,
  );
  const pings = { broker: singleFlight(checks.broker), database: singleFlight(checks.database) };
  const upstream = upstreamWatch(lastEvent, clock.machine, () => observeUpstream(db, account, now()));
  const round = async () => {
    const [broker, database] = await Promise.all([ping(pings.broker), ping(pings.database)]);
    const observed = await upstream(database.state === 'up');
    update(roundEnded(health, { broker, database, upstream: observed }, now()));
  };
  const { durability, stop } = watchDurability({ connected, machine: clock.machine, log, signal });
  const rounds = repeat(clock.machine, round, () => roundMs);
  signal.addEventListener('abort', () => void rounds.stop(), { once: true });
  return {
    parts: () => partsOf(health.readings),
    durability,
    onChange: (listener) => void listeners.push(listener),
    async stop() {
      await Promise.all([rounds.stop(), stop()]);
    },
  };
}

const unknown: Observed = { state: 'unknown' };

/** Observes upstream as long as there are events, and now and then. @returns the last observation */
function upstreamWatch(
  lastEvent: HealthPorts['lastEvent'],
  machine: Machine,
  observe: () => Promise<Observed>,
) {
  const observeOnce = singleFlight(observe);
  let observed = unknown;
  let observedAt = -Infinity;
  let event: number | undefined;
  let eventAt = -Infinity;
  return async (isDatabaseUp: boolean): Promise<Observed> => {
    const at = machine.elapsed();
    if (event !== lastEvent()) [event, eventAt] = [lastEvent(), at];
    const isDue = observed === unknown || at - eventAt < eventMs || at - observedAt >= callsEveryMs;
    if (!isDatabaseUp) [observed, observedAt] = [unknown, -Infinity];
    else if (isDue) [observed, observedAt] = [await ask(observeOnce), at];
    return observed;
  };
}

const ping = (check: () => void | Promise<void>): Promise<Observed> =>
  withinPing(Promise.resolve().then(check)).then(
    () => ({ state: 'up' }) as const,
    (error: unknown) => ({ state: 'down', reason: reasonOf(error) }) as const,
  );

const ask = (observe: () => Promise<Observed>): Promise<Observed> =>
  withinPing(observe()).catch(() => unknown);

const withinPing = <T>(work: Promise<T>): Promise<T> => orAborted(work, AbortSignal.timeout(pingTimeoutMs));

const reasonOf = (error: unknown): string =>
  error instanceof DOMException
    ? `No answer within ${pingTimeoutMs / 1_000} s`
    : error instanceof Error
      ? error.message
      : String(error);

/** Shares a call that is still pending: a server that hangs must not collect one per round. */
function singleFlight<T>(work: () => T | Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () =>
    (pending ??= Promise.resolve()
      .then(work)
      .finally(() => (pending = undefined)));
}

async function observeUpstream(db: Database, account: string, now: number): Promise<Observed> {
  const { endpoint, status, message, startedAt, account: ofCall } = tables.syncLogs;
  const { durationMs } = endedCalls;
  const [calls, sources] = await Promise.all([
    db
      .select({ endpoint, status, message, startedAt, durationMs })
      .from(tables.syncLogs)
      .where(and(endedCalls.only, eq(ofCall, account), gte(startedAt, now - dayMs)))
      .orderBy(desc(startedAt))
      .limit(judgedCalls),
    findSources(db),
  ]);
  return observedUpstream(calls satisfies LoggedCall[], sources);
}
