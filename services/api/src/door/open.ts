import { createLimiters, type Limiters, type PermitRequests, permitRequests } from '@paceline/shared/limiter';
import type { Database } from '@paceline/shared/database';
import type { ServiceContext } from '@paceline/shared/runtime';
import { type Caller, lastCalls } from '@paceline/shared/sync';
import { createExchange } from '@paceline/shared/upstreams/exchange';
import type { Broker } from '../broker.ts';
import { peersOf } from '../peers.ts';
import type { OpenUpstream } from '@paceline/shared/upstreams/open';
import type { Door } from './door.ts';
import { hideKey } from './hide-key.ts';

/** Calls of programs neither show nor depend on whether a source is available: a wrong path of theirs must not stop a sync. */
const anySource: Caller['sources'] = {
  requireAvailable: async () => undefined,
  claimProbe: async () => undefined,
  recordCall: async () => undefined,
};

interface DoorParts extends Omit<ServiceContext<{ readonly upstreams: readonly OpenUpstream[] }>, 'name'> {
  readonly db: Database;
  readonly broker: Broker;
}

/** The upstreams that programs may call. */
export function openDoors({ config, db, broker, clock, log, signal }: DoorParts) {
  const last = lastCalls({ clock, signal });
  const running = new Set<Promise<unknown>>();
  let limiters: Limiters | undefined;
  /** @throws {BrokerUnavailable} */
  const limiterOf = (account: string) => (limiters ??= createLimiters(broker.bus(), clock)).of(account);
  const doorTo = ({ upstream, baseUrl, key, account }: OpenUpstream): Door => {
    const { limiter } = peersOf(broker, account);
    let requests: PermitRequests | undefined;
    return {
      upstream,
      hide: hideKey(key),
      account,
      clock,
      limiter,
      exchange: createExchange({ ...upstream, baseUrl, key, clock, signal: last.signal }),
      context() {
        broker.bus();
        return { db, limiter: limiterOf(account), account, clock, log, signal, sources: anySource };
      },
      requests: () => (requests ??= permitRequests(broker.bus(), clock, account)),
      track: (call) => void running.add(call.finally(() => running.delete(call))),
    };
  };
  return {
    doors: new Map(config.upstreams.map((open) => [open.upstream.name, doorTo(open)])),
    /** Ends every wait for a permit, and waits until the calls that were sent are recorded. */
    async close() {
      await Promise.allSettled(running);
      last.cancelTimer();
      await limiters?.close();
    },
  };
}
