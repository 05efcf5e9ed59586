import { setTimeout as wait } from 'node:timers/promises';
import type { Limiter } from '@paceline/shared/limiter';
import type { Address } from './contenders/contender.ts';
import { openLimiters, permitted } from './contenders/paceline.ts';
import { delayOf, type CallLatency } from './upstream.ts';

export interface Arrivals {
  readonly address: Address;
  readonly accounts: readonly string[];
  /** Requests at random times, before the limiter knows the load and again after the backlog. */
  readonly count: number;
  /** Requests at once, none urgent. */
  readonly backlog: number;
  /** Mean ms between two requests. */
  readonly everyMs: number;
  /** Share of urgent requests. */
  readonly urgent: number;
}

/** One request; times are project time. */
export type Ticket = Awaited<ReturnType<typeof recordEstimates>>[number];

const network: CallLatency = { jitterMs: 40, outliers: 0 };

/** Sends requests at random times and records their first estimates. */
export async function recordEstimates(arrivals: Arrivals) {
  const { address, accounts, everyMs } = arrivals;
  const { clock, limiters, close } = await openLimiters(address);

  async function send(limiter: Limiter, cold: boolean, urgent: boolean) {
    // The first estimate; undefined when it ran at once.
    let firstEstimate: number | undefined;
    const onWaiting = ({ estimatedAt }: { estimatedAt: number }) => {
      firstEstimate ??= estimatedAt;
    };
    const lane = urgent ? 'manual_rider_add' : 'rider_sync';
    return permitted(limiter, { endpoint: 'riders_single', lane, onWaiting }, async () => {
      const startedAt = clock.now();
      await wait(delayOf(network, Math.random));
      return { cold, urgent, firstEstimate, startedAt };
    });
  }

  async function runAccount(account: string) {
    const limiter = limiters.of(account);
    const tickets: Array<ReturnType<typeof send>> = [];
    const sendMany = async (count: number, cold: boolean) => {
      for (let each = 0; each < count; each += 1) {
        await wait(-Math.log(1 - Math.random()) * everyMs);
        tickets.push(send(limiter, cold, Math.random() < arrivals.urgent));
      }
    };
    await sendMany(arrivals.count, true);
    for (let each = 0; each < arrivals.backlog; each += 1) tickets.push(send(limiter, false, false));
    await sendMany(arrivals.count, false);
    return Promise.all(tickets);
  }

  const tickets = await Promise.all(accounts.map(runAccount));
  await close();
  return tickets.flat();
}
