import { type Budget, budgetNames } from '@paceline/shared/definition';
import { catalog, type Coordination, type WindowView } from '@paceline/shared/contracts';
import { accountOf, partitionOf } from '@paceline/shared/limiter';
import { type Bus, respond } from '@paceline/shared/messaging';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { apiKey } from './api.ts';

const account = accountOf(apiKey);
const free = { used: 0, available: 1, resetAt: null };

/** How things stand when nothing is going on, but for what is told. */
export const standing = (known: Partial<Coordination['rateLimitUsage']> = {}): Coordination => ({
  rateLimitUsage: {
    ...(Object.fromEntries(budgetNames.map((budget) => [budget, free])) as Coordination['rateLimitUsage']),
    ...known,
  },
  conflicts: { count: 0, lastConflict: null },
  queue: { pending: 0, avgWaitTime: 0, maxWaitTime: 0 },
});

/** Plays the limiter's answer to `status`: `answer` is asked anew each time, and undefined is silence. */
export async function playLimiter(
  bus: Bus,
  answer: () => Coordination | undefined,
): Promise<{ stop(): Promise<void> }> {
  const subscription = respond(bus, catalog.status, { partition: partitionOf(account) }, (query, reply) => {
    const status = query.account === account ? answer() : undefined;
    if (status) reply(status);
  });
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
): Promise<{ stop(): Promise<void>; asked(): number }> {
  let asked = 0;
  const subscription = respond(bus, catalog.windows, { partition: partitionOf(account) }, (_, reply) => {
    asked += 1;
    const known = answer();
    if (!known) return;
    const windows = budgetNames.map(
      (budget) => known.find(({ endpoint }) => endpoint === budget) ?? windowOf(budget),
    );
    reply({ windows, promises: { kept: 0, broken: 0 } });
  });
  await bus.connection.flush();
  return {
    asked: () => asked,
    async stop() {
      subscription.unsubscribe();
      await bus.connection.flush();
    },
  };
}
