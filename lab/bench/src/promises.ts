import { setTimeout as wait } from 'node:timers/promises';
import type { Limiter } from '@paceline/shared/limiter';
import type { Address } from './contenders/contender.ts';
import { openLimiters, permitted } from './contenders/paceline.ts';
import { delayOf, type Network } from './upstream.ts';

export interface Arrivals {
  readonly address: Address;
  readonly accounts: readonly string[];
  /** Requests at random moments, before anything is known of the load and again after the backlog. */
  readonly count: number;
  /** Requests at once, none of them urgent. */
  readonly backlog: number;
  /** Mean ms between two of them. */
  readonly everyMs: number;
  /** The share of them that goes first. */
  readonly urgent: number;
}

/** A ticket; moments are the project's. */
export type Kept = Awaited<ReturnType<typeof keepPromises>>[number];

const network: Network = { jitterMs: 40, outliers: 0 };

/** Asks for calls as they come, and notes what each was promised. */
export async function keepPromises(arrivals: Arrivals) {
  const { address, accounts, everyMs } = arrivals;
  const { clock, limiters, close } = await openLimiters(address);

  async function ask(limiter: Limiter, cold: boolean, urgent: boolean) {
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

  async function comeAndGo(account: string) {
    const limiter = limiters.of(account);
    const tickets: Array<ReturnType<typeof ask>> = [];
    const come = async (count: number, cold: boolean) => {
      for (let each = 0; each < count; each += 1) {
        await wait(-Math.log(1 - Math.random()) * everyMs);
        tickets.push(ask(limiter, cold, Math.random() < arrivals.urgent));
      }
    };
    await come(arrivals.count, true);
    for (let each = 0; each < arrivals.backlog; each += 1) tickets.push(ask(limiter, false, false));
    await come(arrivals.count, false);
    return Promise.all(tickets);
  }

  const kept = await Promise.all(accounts.map(comeAndGo));
  await close();
  return kept.flat();
}
