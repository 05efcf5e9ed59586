import type { Machine } from '@paceline/shared/clock';
import {
  type Attribution,
  catalog,
  type Fact,
  type FactOf,
  type PermitChange,
} from '@paceline/shared/contracts';
import { type Budget, budgetNames } from '@paceline/shared/definition';
import { type Bus, publish, signal } from '@paceline/shared/messaging';
import { meter } from '@paceline/shared/telemetry';
import type { Announce } from './partition.ts';

/** Real ms: under load, permits are told of together. */
const togetherMs = 10;

/** Tells waiters of their turn, and everybody else what happened: what is lost here is only news. */
export function announceOn(bus: Bus, machine: Machine): Announce {
  const tell = async (publishing: () => unknown) => {
    try {
      await publishing();
    } catch (error) {
      bus.log.warn({ err: error }, 'an event could not be published');
    }
  };
  const countRejection = countRejections();
  let changes: PermitChange[] = [];
  const tellChanges = () => {
    const told = changes;
    changes = [];
    void tell(() => publish(bus, catalog.permitsChanged, { changes: told }));
  };
  return {
    turn({ offers, conflicts, facts }) {
      for (const { client, offer } of offers) void tell(() => signal(bus, catalog.offer, { client }, offer));
      for (const conflict of conflicts) {
        bus.log.info(conflict, 'conflict: one sync waits for another');
        void tell(() => publish(bus, catalog.conflict, conflict));
      }
      const changed = facts.flatMap(changeOf);
      if (changed.length > 0 && changes.length === 0) machine.after(togetherMs, tellChanges);
      changes.push(...changed);
      for (const fact of facts) {
        if (fact.fact === 'rejected') countRejection(fact.endpoint, fact.attribution);
        announceFact(fact, facts, bus, (publishing) => void tell(publishing));
      }
    },
    lost(at) {
      const message = 'The journal of before is gone: every budget counts as spent for one window';
      bus.log.error({ at }, message);
      void tell(() => publish(bus, catalog.alert, { type: 'journal_lost', at, message }));
    },
  };
}

function changeOf(fact: Fact): PermitChange[] {
  switch (fact.fact) {
    case 'started': {
      const { account, endpoint, interval } = fact;
      const { permit, lane, startedAt: at } = interval;
      return [{ change: 'started', permit, account, endpoint, lane, at }];
    }
    case 'settled': {
      const { account, endpoint, permit, outcome, at } = fact;
      return [{ change: 'settled', permit, account, endpoint, outcome, at }];
    }
    case 'returned': {
      const { account, endpoint, permit, at } = fact;
      return [{ change: 'returned', permit, account, endpoint, at }];
    }
    default:
      return [];
  }
}

function announceFact(
  fact: Fact,
  turn: readonly Fact[],
  bus: Bus,
  tell: (publishing: () => unknown) => void,
): void {
  switch (fact.fact) {
    case 'rejected': {
      const { account, endpoint, at, attribution } = fact;
      const message = `Upstream answered 429 on ${endpoint}: ${whose[attribution]}. ${closedUntil(fact, turn)}`;
      bus.log.error({ account, endpoint, attribution }, message);
      const alert = { type: 'rate_limit_exceeded' as const, at, account, endpoint, attribution, message };
      tell(() => publish(bus, catalog.alert, alert));
      return;
    }
    case 'policy_changed': {
      const { account, endpoint, at, by, policy } = fact;
      const limit = policy ? `${policy.limit} per ${policy.windowMs / 1_000} s` : 'what is documented';
      const message = `The limit of ${endpoint} is now ${limit}, by the word of ${by === 'upstream' ? 'upstream' : 'an operator'}`;
      bus.log.warn({ account, endpoint, by, policy }, message);
      if (by === 'operator') return;
      tell(() => publish(bus, catalog.alert, { type: 'limit_learned', at, account, endpoint, message }));
      return;
    }
    case 'paused':
    case 'resumed':
      bus.log.warn(fact, `${fact.fact} by ${fact.by}`);
      return;
    default:
  }
}

const whose = {
  ours: 'our own calls filled the window',
  policy_changed: 'it enforces another limit than the one that we kept',
  unreported_permit: 'a call of ours whose end was never heard of may have come late',
  foreign_caller: 'somebody else seems to use the same key',
} as const;

function closedUntil({ account, endpoint }: FactOf<'rejected'>, turn: readonly Fact[]): string {
  const pause = turn.find(
    (fact) => fact.fact === 'paused' && fact.account === account && fact.endpoint === endpoint,
  );
  return pause?.fact === 'paused' ? `Nobody calls until ${new Date(pause.until).toISOString()}` : '';
}

const attributions = ['ours', 'policy_changed', 'unreported_permit', 'foreign_caller'] as const;

/** Counts the 429s. All begin at 0: of a series that begins at 1 Prometheus sees no increase. */
export function countRejections(): (endpoint: Budget, attribution: Attribution) => void {
  const rejections = meter().createCounter('paceline.limiter.rejections', {
    unit: '{call}',
    description: 'Calls that upstream answered with 429',
  });
  for (const endpoint of budgetNames)
    for (const attribution of attributions) rejections.add(0, { endpoint, attribution });
  return (endpoint, attribution) => rejections.add(1, { endpoint, attribution });
}
