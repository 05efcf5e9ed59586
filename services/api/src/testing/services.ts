// oxlint-disable no-restricted-imports -- the real limiter and scheduler, so that nothing about windows and schedules is imagined
import { limiterVariables } from '@paceline/limiter/config';
import { startLimiter } from '@paceline/limiter/service';
import { schedulerVariables } from '@paceline/scheduler/config';
import { startScheduler } from '@paceline/scheduler/service';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { type Budget, budgetNames, budgets, mapValues } from '@paceline/shared/definition';
import {
  catalog,
  type Coordination,
  type WindowView,
  type AddRider,
  type ImportRiders,
  isFinal,
  type Progress,
} from '@paceline/shared/contracts';
import { accountOf, partitionOf } from '@paceline/shared/limiter';
import { type Bus, respond, done, type WorkConsumer, handle, publish } from '@paceline/shared/messaging';
import { apiKey, log, type TestApi } from './api.ts';
import { type Database, tables } from '@paceline/shared/database';
import { and, eq } from 'drizzle-orm';
import { riderRow } from './rows.ts';
import { loadConfig } from '@paceline/shared/config';
import type { RunningService } from '@paceline/shared/runtime';

const account = accountOf(apiKey);

/** The limiter's status when nothing is going on, but for what is given. */
export const idleStatus = (known: Partial<Coordination['rateLimitUsage']> = {}): Coordination => ({
  rateLimitUsage: {
    ...mapValues(budgets, () => ({ used: 0, available: 1, resetAt: null })),
    ...known,
  },
  conflicts: { count: 0, lastConflict: null },
  queue: { pending: 0, avgWaitTime: 0, maxWaitTime: 0 },
});

/** Plays the limiter's answer to `status`: `answer` is called each time; undefined is silence. */
export async function playLimiter(bus: Bus, answer: () => Coordination | undefined): Promise<Running> {
  const subscription = respond(bus, catalog.status, { partition: partitionOf(account) }, (query, reply) => {
    const status = query.account === account ? answer() : undefined;
    if (status) reply(status);
  });
  return stopOf(bus, subscription);
}

interface Running {
  stop(): Promise<void>;
}

async function stopOf(bus: Bus, subscription: { unsubscribe(): void }): Promise<Running> {
  await bus.connection.flush();
  return {
    async stop() {
      subscription.unsubscribe();
      await bus.connection.flush();
    },
  };
}

/** A window whose only place is free again at that moment. */
export const spentUntil = (endpoint: Budget, leavesAt: number): WindowView => {
  const permit = {
    permit: '1',
    lane: 'manual_rider_add' as const,
    startedAt: leavesAt - 60_000,
    settled: true,
    leavesAt,
  };
  return windowOf(endpoint, { permits: [permit], available: 0, freeAt: leavesAt });
};

/** Plays the limiter's answer to `windows`: those given, and the others with nothing going on. Undefined is silence. */
export async function playWindows(
  bus: Bus,
  answer: () => readonly WindowView[] | undefined,
): Promise<Running & { asked(): number }> {
  let asked = 0;
  const subscription = respond(bus, catalog.windows, { partition: partitionOf(account) }, (_, reply) => {
    asked += 1;
    const known = answer();
    if (!known) return;
    const windows = budgetNames.map(
      (budget) => known.find(({ endpoint }) => endpoint === budget) ?? windowOf(budget),
    );
    reply({ windows, estimates: { kept: 0, missed: 0 } });
  });
  return { asked: () => asked, ...(await stopOf(bus, subscription)) };
}

/** Plays the service that carries commands out: on the real broker, with the real message. */
export interface StandIn extends Running {
  /** The commands that it was given, in the order of arrival. */
  readonly received: AddRider[];
}

/** @param carryOut is given each command and a way to move it on: the row first, then the event */
export async function playRiderSync(
  bus: Bus,
  db: Database,
  carryOut: (command: AddRider, move: (progress: Progress) => Promise<void>) => Promise<void>,
): Promise<StandIn> {
  const received: AddRider[] = [];
  const handling: WorkConsumer = await handle(bus, catalog.addRider, async (command) => {
    received.push(command);
    await carryOut(command, (progress) => moveOn(bus, db, command, progress));
    return done;
  });
  return { received, stop: () => handling.stop() };
}

/** Plays the service that carries imports out: what became of the riders is stored before the command ends. */
export async function playImports(
  bus: Bus,
  db: Database,
  progress: Progress,
  {
    failed = [],
    onCommand,
  }: { failed?: readonly number[]; onCommand?: (command: ImportRiders) => void } = {},
): Promise<Running> {
  const { commands, wantedRiders } = tables;
  const handling: WorkConsumer = await handle(bus, catalog.importRiders, async (command) => {
    onCommand?.(command);
    const { commandId, requestedAt: at } = command;
    const ofCommand = eq(wantedRiders.commandId, commandId);
    await db.update(wantedRiders).set({ outcome: 'done', endedAt: at }).where(ofCommand);
    for (const riderId of failed) {
      const reason = `ZwiftRacing knows no rider ${riderId}`;
      await db
        .update(wantedRiders)
        .set({ outcome: 'failed', reason })
        .where(and(ofCommand, eq(wantedRiders.riderId, riderId)));
    }
    await db
      .update(commands)
      .set({ progress, updatedAt: at, finishedAt: at })
      .where(eq(commands.commandId, commandId));
    await publish(bus, catalog.commandChanged, { commandId, at, progress });
    return done;
  });
  return { stop: () => handling.stop() };
}

async function moveOn(
  bus: Bus,
  db: Database,
  { commandId, riderId, requestedAt: at }: AddRider,
  progress: Progress,
): Promise<void> {
  const finishedAt = isFinal(progress) ? at : null;
  if (progress.state === 'done') {
    await db.insert(tables.riders).values(riderRow(riderId)).onConflictDoNothing();
  }
  await db
    .update(tables.commands)
    .set({ progress, updatedAt: at, finishedAt })
    .where(eq(tables.commands.commandId, commandId));
  await publish(bus, catalog.commandChanged, { commandId, riderId, at, progress });
}

/** What a service is started with in its own process, but for its rights at the broker. */
const contextOf = <Name extends 'limiter' | 'scheduler', Needed extends Parameters<typeof loadConfig>[1]>(
  test: TestApi,
  name: Name,
  variables: Needed,
) => ({
  name,
  config: loadConfig({ NATS_URL: test.place.brokerUrl(name) }, variables),
  clock: test.clock,
  log,
  signal: new AbortController().signal,
});

const ending = (test: TestApi, service: RunningService): Running => ({
  stop: () => test.during(service.drain().then(() => service.close())),
});

/** Runs the limiter beside an API in its test. Returns once it answers for every account. */
export async function runRealLimiter(test: TestApi): Promise<Running> {
  const limiter = await test.during(startLimiter(contextOf(test, 'limiter', limiterVariables)));
  await test.until(async () => {
    for (const check of Object.values(limiter.checks)) await check();
  });
  return ending(test, limiter);
}

/** Runs the scheduler beside an API in its test. */
export async function runRealScheduler(test: TestApi): Promise<Running> {
  return ending(test, await test.during(startScheduler(contextOf(test, 'scheduler', schedulerVariables))));
}
