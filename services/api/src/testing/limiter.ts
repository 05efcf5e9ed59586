import { budgets, catalog, type Coordination } from '@paceline/shared/contracts';
import { accountOf, partitionOf } from '@paceline/shared/limiter';
import { type Bus, respond } from '@paceline/shared/messaging';
import { apiKey } from './api.ts';

const account = accountOf(apiKey);
const free = { used: 0, available: 1, resetAt: null };

/** How things stand when nothing is going on, but for what is told. */
export const standing = (known: Partial<Coordination['rateLimitUsage']> = {}): Coordination => ({
  rateLimitUsage: {
    ...(Object.fromEntries(budgets.map((budget) => [budget, free])) as Coordination['rateLimitUsage']),
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
