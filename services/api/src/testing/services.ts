// oxlint-disable no-restricted-imports -- tests use the real limiter and scheduler instead of assumptions about them
import { limiterVariables } from '@paceline/limiter/config';
import { startLimiter } from '@paceline/limiter/service';
import { schedulerVariables } from '@paceline/scheduler/config';
import { startScheduler } from '@paceline/scheduler/service';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { type BudgetName, budgetNames, budgets, mapValues } from '@paceline/shared/definition';
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
import { and, eq, sql } from 'drizzle-orm';
import { riderRow } from './rows.ts';
import { loadConfig } from '@paceline/shared/config';
import type { RunningService } from '@paceline/shared/runtime';

const account = accountOf(apiKey);

/** The status of an idle limiter, except for the given usage. */
export const idleStatus = (usage: Partial<Coordination['rateLimitUsage']> = {}): Coordination => ({
  rateLimitUsage: {
    ...mapValues(budgets, () => ({ used: 0, available: 1, resetAt: null })),
    ...usage,
  },
  conflicts: { count: 0, lastConflict: null },
  queue: { pending: 0, avgWaitTime: 0, maxWaitTime: 0 },
});

/** Responds to `status` requests like the limiter: `respondWith` is called for each; undefined means no response. */
export async function fakeStatus(bus: Bus, respondWith: () => Coordination | undefined): Promise<Running> {
  const subscription = respond(bus, catalog.status, { partition: partitionOf(account) }, (query, reply) => {
    const status = query.account === account ? respondWith() : undefined;
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

/** A window with a single call, which is used up until `leavesAt`. */
export const spentUntil = (endpoint: BudgetName, leavesAt: number): WindowView => {
  const permit = {
    permit: '1',
    lane: 'manual_rider_add' as const,
    startedAt: leavesAt - 60_000,
    settled: true,
    leavesAt,
  };
  return windowOf(endpoint, { permits: [permit], available: 0, freeAt: leavesAt });
};

/** Responds to `windows` requests like the limiter, with idle windows for other budgets. Undefined means no response. */
export async function fakeWindows(
  bus: Bus,
  respondWith: () => readonly WindowView[] | undefined,
): Promise<Running & { requests(): number }> {
  let requests = 0;
  const subscription = respond(bus, catalog.windows, { partition: partitionOf(account) }, (_, reply) => {
    requests += 1;
    const given = respondWith();
    if (!given) return;
    const windows = budgetNames.map(
      (budget) => given.find(({ endpoint }) => endpoint === budget) ?? windowOf(budget),
    );
    reply({ windows, estimates: { kept: 0, missed: 0 } });
  });
  return { requests: () => requests, ...(await stopOf(bus, subscription)) };
}

/** A fake rider-sync, on the real broker with real messages. */
export interface FakeRiderSync extends Running {
  /** The received commands, in order. */
  readonly received: AddRider[];
}

/** @param execute gets each command and a function that updates its progress: the row first, then the event */
export async function fakeRiderSync(
  bus: Bus,
  db: Database,
  execute: (command: AddRider, update: (progress: Progress) => Promise<void>) => Promise<void>,
): Promise<FakeRiderSync> {
  const received: AddRider[] = [];
  const handling: WorkConsumer = await handle(bus, catalog.addRider, async (command) => {
    received.push(command);
    await execute(command, (progress) => updateProgress(bus, db, command, progress));
    return done;
  });
  return { received, stop: () => handling.stop() };
}

/** A fake rider-sync for imports: stores the outcome of the riders before it ends the command. */
export async function fakeImports(
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
      const reason = `ZwiftRacing has no rider ${riderId}`;
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

async function updateProgress(
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
    .set({
      progress,
      updatedAt: at,
      finishedAt,
      publishedAt: sql`coalesce(published_at, ${new Date(at).toISOString()})`,
    })
    .where(eq(tables.commands.commandId, commandId));
  await publish(bus, catalog.commandChanged, { commandId, riderId, at, progress });
}

/** The context that a service would have in its own process. */
const contextOf = <Name extends 'limiter' | 'scheduler', Needed extends Parameters<typeof loadConfig>[1]>(
  test: TestApi,
  name: Name,
  variables: Needed,
) => ({
  name,
  config: loadConfig({ ...test.env, NATS_URL: test.backend.brokerUrl(name) }, variables),
  clock: test.clock,
  log,
  signal: new AbortController().signal,
});

const stoppable = (test: TestApi, service: RunningService): Running => ({
  stop: () => test.during(service.drain().then(() => service.close())),
});

/** Runs the limiter beside the API of a test. Returns once it is ready. */
export async function runRealLimiter(test: TestApi): Promise<Running> {
  const limiter = await test.during(startLimiter(contextOf(test, 'limiter', limiterVariables)));
  await test.until(async () => {
    for (const check of Object.values(limiter.checks)) await check();
  });
  return stoppable(test, limiter);
}

/** Runs the scheduler beside the API of a test. */
export async function runRealScheduler(test: TestApi): Promise<Running> {
  return stoppable(test, await test.during(startScheduler(contextOf(test, 'scheduler', schedulerVariables))));
}
