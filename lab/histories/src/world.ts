import type { Fact, JournalEntry, Offer, Operation, Policy } from '@paceline/shared/contracts';
import type { PermitEvent } from '@paceline/shared/limiter/protocol';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import { withBudget } from '@paceline/limiter/core/testing';
import type { LedgerRequest, Reply } from '@paceline/limiter/core/protocol';
import { createAgenda } from '@paceline/kit/agenda';
import { caller, type CallerContext, type CallerEnd, type CallerPlan } from './caller.ts';
import { createDice } from '@paceline/kit/dice';
import { createCallLog, type Omitted } from './call-log.ts';
import { createBroker } from './journal.ts';
import { type Death, type Owner, takeOver } from './owner.ts';
import { budgetKey, createUpstream } from './upstream.ts';
import { type ScriptFault, runScript } from '@paceline/kit/script';
import { policyOf } from '@paceline/limiter/core/budget';
import { evolve } from '@paceline/limiter/core/evolve';
import { budgetOf, createLedger } from '@paceline/limiter/core/ledger';
import { isPaused } from '@paceline/limiter/core/window';

/** Something that happens to a limiter, the broker's clock or the policy, `after` ms after the previous incident. */
export type Incident = { readonly after: number } & (
  | { readonly kind: 'limiter dies'; readonly death: Death; readonly downFor: number }
  | { readonly kind: 'limiter freezes'; readonly forMs: number }
  | { readonly kind: 'limiter is replaced' | 'acknowledgement is lost' }
  | { readonly kind: 'broker clock is set'; readonly offset: number }
  | { readonly kind: 'upstream changes policy'; readonly policy: Policy }
  | { readonly kind: 'operator'; readonly operation: RelativeOperation }
  | JournalFault
);

/** What a broker has done to a journal after it had acknowledged its entries. `entries`: how many are affected. */
export type JournalFault = { readonly entries: number } &
  /** Everything stops, and the pages that were not synced are lost. */
  (
    | { readonly kind: 'power cut'; readonly downFor: number }
    /** An old copy of the disk, while limiters go on or one takes over. */
    | { readonly kind: 'journal is rewound'; readonly takeover: boolean }
    | { readonly kind: 'journal loses its middle'; readonly from: number }
    | { readonly kind: 'journal forks'; readonly healsAfter: number }
    | { readonly kind: 'reads are stale' }
    | { readonly kind: 'appends get no answer'; readonly forMs: number }
  );
export type RelativeOperation =
  | { readonly do: 'pause'; readonly forMs: number }
  | { readonly do: 'resume' | 'release' | 'forget_policy' }
  | { readonly do: 'set_policy'; readonly policy: Policy };

export interface History {
  readonly policy: Policy;
  /** Permits of a window reserved for the forced lanes. */
  readonly reserve: number;
  readonly callers: ReadonlyArray<{
    /** Ms after the previous caller. */
    readonly after: number;
    readonly plan: CallerPlan;
    readonly fault: ScriptFault;
  }>;
  readonly incidents: readonly Incident[];
  readonly network: MessageDelays;
}

/** A message takes up to `jitterMs`, and 1 % take up to ten times as long. */
export interface MessageDelays {
  readonly seed: number;
  readonly jitterMs: number;
  /** The share of messages that arrive, or arrive again, up to `latestMs` later. */
  readonly delayed: number;
  readonly latestMs: number;
  /** The share of messages that never arrive. */
  readonly lost?: number;
}

export interface HistoryResult {
  readonly entries: readonly JournalEntry[];
  readonly facts: readonly Fact[];
  readonly arrivals: ReadonlyMap<string, number>;
  /** How each surviving caller ended, by its ticket. */
  readonly ends: ReadonlyMap<string, CallerEnd>;
  /** The tickets of callers that did not die. */
  readonly survivors: readonly string[];
  /** Permits whose start was confirmed to a caller. */
  readonly confirmedStarts: ReadonlySet<string>;
  readonly endedAt: number;
}

export const startTime = 1_000_000_000;
/** Ms after which an unanswered message is given up. */
const replyTimeout = 3_000;
/** Ms after which limiters notice that a partition has no owner. */
const claimsAfter = 500;
/** More events than any history has, unless a caller waits forever. */
const maxSteps = 100_000;

/** The settings of a history: calls are short, so that much happens in a window. */
export const settingsOf = ({ policy, reserve }: Pick<History, 'policy' | 'reserve'>): LimiterSettings =>
  withBudget(budgetKey.endpoint, { policy, reserve, callTimeout });
export const callTimeout = 5_000;

/**
 * Runs a history to its end. One function: all messages share one random generator, in order.
 * @param options.without what Postgres does without
 * @throws when a caller waits forever
 */
export function runHistory(
  history: History,
  { without }: { without?: Omitted | undefined } = {},
): HistoryResult {
  const settings = settingsOf(history);
  const { seed, jitterMs, delayed, latestMs, lost = 0 } = history.network;
  const agenda = createAgenda(startTime);
  const dice = createDice(seed, 'network');
  const upstream = createUpstream(agenda, history.policy);
  const clients = new Map<string, (event: PermitEvent) => void>();
  const ends = new Map<string, CallerEnd>();
  const confirmedStarts = new Set<string>();
  const owners: Owner[] = [];
  let offset = 0;
  let nextOffset = 0;
  const brokerTime = () => agenda.now() + offset;
  const broker = createBroker((content) => {
    if (content.entry !== 'facts' || content.facts[0]?.fact !== 'claimed') offset = nextOffset;
    return brokerTime();
  });

  const callLog = createCallLog(agenda, createDice(seed, 'call log'), without);

  const send = (deliver: () => void): void => {
    if (lost > 0 && dice.chance(lost)) return;
    const ms = dice.whole(0, jitterMs * (dice.chance(0.01) ? 10 : 1));
    const isDelayed = dice.chance(delayed);
    if (!isDelayed || dice.chance(0.5)) agenda.in(ms, deliver);
    if (isDelayed) agenda.in(ms + dice.whole(0, latestMs), deliver);
  };

  /** Reaches the newest owner, or at times an older one that does not know it was replaced. */
  const toOwner = (request: LedgerRequest, onReply: (reply: Reply) => void): void => {
    const alive = owners.filter((owner) => owner.alive());
    const owner = dice.chance(0.1) ? alive[0] : alive.at(-1);
    owner?.receive(request, onReply);
  };

  const context: CallerContext = {
    agenda,
    upstream,
    callLog,
    callTimeout,
    request(request, onReply) {
      let isDone = false;
      const finish = (reply: Reply | undefined) => {
        if (isDone) return;
        isDone = true;
        if (reply?.answer === 'started') confirmedStarts.add(reply.permit);
        onReply(reply?.answer === 'done' ? undefined : reply);
      };
      send(() => toOwner(request, (reply) => send(() => finish(reply))));
      agenda.in(replyTimeout, () => finish(undefined));
    },
    subscribe: (ticket, onEvent) => void clients.set(ticket, onEvent),
    ended: (ticket, end) => ends.set(ticket, end),
  };

  const startLimiter = () => {
    const offer = ({ ticket, permit }: Offer) =>
      send(() => clients.get(ticket)?.({ event: 'offered', permit }));
    const claimed = () => {
      for (const notify of clients.values()) send(() => notify({ event: 'new owner' }));
    };
    const id = `limiter ${owners.length}`;
    const journal = broker.connect();
    // A partition without an owner is claimed again.
    const ended = () =>
      agenda.in(claimsAfter, () => {
        if (!owners.at(-1)?.alive()) startLimiter();
      });
    const given = { journal, callLog, brokerTime, settings, offer, claimed, ended };
    owners.push(takeOver({ id, agenda, dice, ...given }));
  };

  const applyIncident = (incident: Incident): void => {
    const owner = owners.at(-1);
    switch (incident.kind) {
      case 'limiter dies':
        owner?.die(incident.death);
        // It is replaced even if it has not died by then.
        agenda.in(incident.downFor, startLimiter);
        return;
      case 'limiter freezes':
        owner?.freeze(incident.forMs);
        return;
      case 'limiter is replaced':
        startLimiter();
        return;
      case 'acknowledgement is lost':
        owner?.loseAcknowledgement();
        return;
      case 'broker clock is set':
        // Set forward between two owners, a clock looks the same as after an idle time, so that waits for the next entry.
        nextOffset = incident.offset;
        if (nextOffset < offset) offset = nextOffset;
        return;
      case 'upstream changes policy':
        upstream.setPolicy(incident.policy);
        return;
      case 'operator':
        toOwner(operationAt(incident.operation, agenda.now()), () => undefined);
        return;
      default:
        applyFault(incident);
    }
  };

  const applyFault = (fault: JournalFault): void => {
    switch (fault.kind) {
      case 'power cut':
        for (const owner of owners) owner.die('idle');
        broker.loseEnd(fault.entries);
        agenda.in(fault.downFor, startLimiter);
        return;
      case 'journal is rewound':
        broker.loseEnd(fault.entries);
        if (fault.takeover) startLimiter();
        return;
      case 'journal loses its middle':
        broker.loseMiddle(fault.from, fault.entries);
        startLimiter();
        return;
      case 'journal forks':
        broker.fork(fault.entries);
        startLimiter();
        agenda.in(fault.healsAfter, broker.discardBranch);
        return;
      case 'reads are stale':
        broker.hideEnd(fault.entries);
        startLimiter();
        agenda.in(1_000, startLimiter);
        return;
      case 'appends get no answer':
        broker.setDeaf(true);
        agenda.in(fault.forMs, () => broker.setDeaf(false));
    }
  };

  startLimiter();
  let at = 0;
  for (const [index, { after, plan, fault }] of history.callers.entries()) {
    at += after;
    agenda.in(at, () => runScript(caller(`t${index}`, plan, context), fault, agenda));
  }
  at = 0;
  for (const incident of history.incidents) {
    at += incident.after;
    agenda.in(at, () => applyIncident(incident));
  }
  agenda.run(maxSteps);
  return {
    entries: broker.entries,
    facts: broker.entries.flatMap((entry) => (entry.entry === 'facts' ? entry.facts : [])),
    arrivals: upstream.arrivals,
    ends,
    survivors: history.callers.flatMap(({ fault }, index) => (fault.dies ? [] : [`t${index}`])),
    confirmedStarts,
    endedAt: agenda.now(),
  };
}

function operationAt(operation: RelativeOperation, now: number): Operation {
  if (operation.do !== 'pause') return { ...operation, ...budgetKey };
  return { do: 'pause', ...budgetKey, until: now + operation.forMs };
}

/** Every started call in journal order, with the state of its budget when it started. */
export function startedCalls({ entries, arrivals }: HistoryResult, settings: LimiterSettings) {
  const ledger = createLedger(1, settings);
  return entries.flatMap((entry) => {
    if (entry.entry !== 'facts') return [];
    return entry.facts.flatMap((fact) => {
      if (fact.fact !== 'started') {
        evolve(ledger, fact);
        return [];
      }
      const { permit, startedAt, arrivesBy } = fact.interval;
      const budget = budgetOf(ledger, budgetKey.account, budgetKey.endpoint);
      if (!budget) throw new Error('no such budget');
      const { probing, unknownUntil } = budget.record;
      const call = {
        permit,
        startedAt,
        arrivesBy,
        /** Undefined if it was never sent. */
        arrivedAt: arrivals.get(permit),
        policy: policyOf(budget),
        paused: isPaused(budget, startedAt),
        probing,
        unknown: (unknownUntil ?? 0) > startedAt,
        /** Other calls that may still arrive. */
        open: [...budget.calls].filter((other) => !other.settled && other.arrivesBy > startedAt).length,
      };
      evolve(ledger, fact);
      return [call];
    });
  });
}
