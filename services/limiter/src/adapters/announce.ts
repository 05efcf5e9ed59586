import type { Machine } from '@paceline/shared/clock';
import {
  type Attribution,
  attribution,
  catalog,
  type Fact,
  type FactOf,
  fullName,
  type PermitChange,
  upstreamOf,
} from '@paceline/shared/contracts';
import { type Bus, publish, signal } from '@paceline/shared/messaging';
import { meter } from '@paceline/shared/telemetry';
import { count } from '@paceline/shared/words';
import type { Announce } from './partition.ts';

/** Real ms over which permit changes are collected into one event, up to a number: each is a message for every viewer. */
const batchMs = 200;
const maxChanges = 1_000;

/**
 * Sends offers to clients, and publishes events and alerts. Losing one does no harm: clients repeat their requests.
 * @param budgets of all upstreams, by their full names
 */
export function announceOn(
  bus: Bus,
  machine: Machine,
  budgets: readonly string[],
): Announce & { flush(): Promise<void> } {
  const send = async (publishing: () => unknown) => {
    try {
      await publishing();
    } catch (error) {
      bus.log.warn({ err: error }, 'failed to publish an event');
    }
  };
  const countRejection = countRejections(budgets);
  const foreign = foreignCalls(budgets);
  let pending: PermitChange[] = [];
  let cancelTimer = () => {};
  const flush = async () => {
    cancelTimer();
    const changes = pending;
    pending = [];
    if (changes.length > 0) await send(() => publish(bus, catalog.permitsChanged, { changes }));
  };
  return {
    /** Publishes the collected changes. */
    flush,
    turn({ offers, conflicts, facts }) {
      for (const { client, offer } of offers) void send(() => signal(bus, catalog.offer, { client }, offer));
      for (const conflict of conflicts) {
        bus.log.info(conflict, 'conflict: one sync waits for another');
        void send(() => publish(bus, catalog.conflict, conflict));
      }
      for (const fact of facts) {
        const change = changeOf(fact);
        if (!change) continue;
        if (pending.push(change) === 1) cancelTimer = machine.after(batchMs, () => void flush());
        if (pending.length === maxChanges) void flush();
      }
      const rejected = new Set<string>();
      for (const fact of facts) {
        if (fact.fact === 'rejected') {
          // A call of several budgets has one such fact for each.
          if (rejected.has(fact.permit)) continue;
          rejected.add(fact.permit);
          countRejection(nameOf(fact), fact.attribution);
        }
        if (fact.fact === 'foreign_booked') foreign.add(fact.calls, { endpoint: nameOf(fact) });
        announceFact(fact, facts, bus, (publishing) => void send(publishing));
      }
    },
    journalLost({ at, isLost, calls }) {
      const message = isLost
        ? "The broker lost entries of the limiter's journal: every budget counts as spent for one window"
        : `The broker lost the end of the limiter's journal: ${count(calls, 'call')} restored from the call log`;
      bus.log.error({ at, isLost, calls }, message);
      void send(() => publish(bus, catalog.alert, { type: 'journal_lost', at, message }));
    },
  };
}

/** The budget of a fact. */
const nameOf = ({ account, endpoint }: { readonly account: string; readonly endpoint: string }): string =>
  fullName(upstreamOf(account), endpoint);

function changeOf(fact: Fact): PermitChange | undefined {
  switch (fact.fact) {
    case 'started': {
      const { account, endpoint, interval } = fact;
      const { permit, lane, startedAt: at } = interval;
      return { change: 'started', permit, account, endpoint, lane, at };
    }
    case 'settled': {
      const { account, endpoint, permit, outcome, at } = fact;
      return { change: 'settled', permit, account, endpoint, outcome, at };
    }
    case 'returned': {
      const { account, endpoint, permit, at } = fact;
      return { change: 'returned', permit, account, endpoint, at };
    }
    default:
      return undefined;
  }
}

function announceFact(
  fact: Fact,
  turn: readonly Fact[],
  bus: Bus,
  send: (publishing: () => unknown) => void,
): void {
  switch (fact.fact) {
    case 'rejected': {
      const { account, endpoint, at, attribution } = fact;
      const message = `The API answered 429 for ${nameOf(fact)}: ${causes[attribution]}.${pausedUntil(fact, turn)}`;
      bus.log.error({ account, endpoint, attribution }, message);
      const alert = { type: 'rate_limit_exceeded' as const, at, account, endpoint, attribution, message };
      send(() => publish(bus, catalog.alert, alert));
      return;
    }
    case 'policy_changed': {
      const { account, endpoint, at, by, policy } = fact;
      const limit = policy ? `${policy.limit} per ${policy.windowMs / 1_000} s` : 'the documented limit';
      const source = by === 'upstream' ? 'reported by the API' : 'set by an operator';
      const message = `Rate limit for ${nameOf(fact)} changed to ${limit} (${source})`;
      bus.log.warn({ account, endpoint, by, policy }, message);
      if (by === 'operator') return;
      send(() => publish(bus, catalog.alert, { type: 'limit_learned', at, account, endpoint, message }));
      return;
    }
    case 'foreign_booked':
      bus.log.warn(fact, 'calls of another program with the same key');
      return;
    case 'paused':
    case 'resumed':
      bus.log.warn(fact, `budget ${fact.fact} by ${fact.by}`);
      return;
    default:
  }
}

const causes = {
  ours: 'our own calls filled the window',
  operator_limit: 'the limit that an operator set is looser than the one it enforces',
  policy_changed: 'it enforces a stricter limit than the one in use',
  unreported_permit: 'an earlier call whose end was never reported may have arrived late',
  foreign_caller: 'another program seems to use the same key',
} as const;

/** A sentence that says when calls resume; empty without a pause in the turn. */
function pausedUntil({ account, endpoint }: FactOf<'rejected'>, turn: readonly Fact[]): string {
  const pause = turn.find(
    (fact) => fact.fact === 'paused' && fact.account === account && fact.endpoint === endpoint,
  );
  return pause?.fact === 'paused' ? ` No calls until ${new Date(pause.until).toISOString()}` : '';
}

/** Counts 429s. All series start at 0: Prometheus sees no increase in one whose first value is 1. */
export function countRejections(
  budgets: readonly string[],
): (endpoint: string, attribution: Attribution) => void {
  const rejections = meter().createCounter('paceline.limiter.rejections', {
    unit: '{call}',
    description: 'Calls answered with 429 by upstream',
  });
  for (const endpoint of budgets)
    for (const cause of attribution.options) rejections.add(0, { endpoint, attribution: cause });
  return (endpoint, attribution) => rejections.add(1, { endpoint, attribution });
}

function foreignCalls(budgets: readonly string[]) {
  const calls = meter().createCounter('paceline.limiter.foreign.calls', {
    unit: '{call}',
    description: 'Calls of other programs with the same key, as far as upstream shows them',
  });
  for (const endpoint of budgets) calls.add(0, { endpoint });
  return calls;
}
