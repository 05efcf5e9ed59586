import type { Fact, JournalEntry, Offer, Operation, Policy } from '@paceline/shared/contracts';
import type { PermitEvent } from '@paceline/shared/limiter/protocol';
import type { Settings } from '@paceline/limiter/core/settings';
import { settings as usual } from '@paceline/limiter/core/testing';
import type { LedgerRequest, Reply } from '@paceline/limiter/core/protocol';
import { createAgenda } from '@paceline/kit/agenda';
import { caller, type End, type Surroundings, type CallerPlan } from './caller.ts';
import { createDice } from '@paceline/kit/dice';
import { createJournal, type Death, type Owner, takeOver } from './owner.ts';
import { place, createUpstream } from './upstream.ts';
import { type ScriptFault, runScript } from '@paceline/kit/script';
import { policyOf } from '@paceline/limiter/core/budget';
import { evolve } from '@paceline/limiter/core/evolve';
import { budgetOf, createLedger } from '@paceline/limiter/core/ledger';
import { isPaused } from '@paceline/limiter/core/window';

/** What befalls the limiters, or the broker's clock; `after` ms from what befell them before. */
export type Blow = { readonly after: number } & (
  | { readonly does: 'dies'; readonly death: Death; readonly downFor: number }
  | { readonly does: 'freezes'; readonly forMs: number }
  | { readonly does: 'is replaced' | 'loses an acknowledgement' }
  | { readonly does: 'broker clock'; readonly offset: number }
  | { readonly does: 'upstream changes'; readonly policy: Policy }
  | { readonly does: 'operator'; readonly operation: OperationNow }
);
export type OperationNow =
  | { readonly do: 'pause'; readonly forMs: number }
  | { readonly do: 'resume' | 'release' | 'forget_policy' }
  | { readonly do: 'set_policy'; readonly policy: Policy };

export interface History {
  readonly policy: Policy;
  /** Of the places of a window, how many are kept for the forced lanes. */
  readonly reserve: number;
  readonly callers: ReadonlyArray<{
    readonly after: number;
    readonly wanted: CallerPlan;
    readonly fate: ScriptFault;
  }>;
  readonly blows: readonly Blow[];
  readonly network: Network;
}

/** A message takes up to `jitterMs`, one of a hundred ten times as long. */
export interface Network {
  readonly seed: number;
  readonly jitterMs: number;
  /** The share of messages that come again, or only, up to `latestMs` later. */
  readonly strays: number;
  readonly latestMs: number;
  /** The share of messages that never come. */
  readonly lost?: number;
}

/** What came of a history. */
export interface Story {
  readonly entries: readonly JournalEntry[];
  readonly facts: readonly Fact[];
  readonly arrivals: ReadonlyMap<string, number>;
  /** How each caller that did not die ended, by its ticket. */
  readonly ends: ReadonlyMap<string, End>;
  /** The callers that did not die. */
  readonly alive: readonly string[];
  /** The permits whose start a caller has heard of. */
  readonly startsHeard: ReadonlySet<string>;
  readonly lastAt: number;
}

export const begin = 1_000_000_000;
/** Ms after which an unanswered message is given up. */
const patience = 3_000;
/** No history has as many events, unless somebody waits for ever. */
const mostSteps = 100_000;

/** The settings of a world: calls are short there, so that much happens in a window. */
export const settingsOf = ({ policy, reserve }: Pick<History, 'policy' | 'reserve'>): Settings => ({
  ...usual,
  policies: { ...usual.policies, riders_single: policy },
  reserve: { ...usual.reserve, riders_single: reserve },
  callTimeout: { ...usual.callTimeout, riders_single: 5_000 },
});

/**
 * Lets everybody live until all has happened. Not divided: each message rolls the same dice, in order.
 * @throws when a caller waits for ever
 */
export function happen(history: History): Story {
  const settings = settingsOf(history);
  const { seed, jitterMs, strays, latestMs, lost = 0 } = history.network;
  const agenda = createAgenda(begin);
  const dice = createDice(seed, 'network');
  const upstream = createUpstream(agenda, history.policy);
  const clients = new Map<string, (event: PermitEvent) => void>();
  const ends = new Map<string, End>();
  const startsHeard = new Set<string>();
  const owners: Owner[] = [];
  let offset = 0;
  let nextOffset = 0;
  const brokerTime = () => agenda.now() + offset;
  const journal = createJournal((content) => {
    if (content.entry !== 'facts' || content.facts[0]?.fact !== 'claimed') offset = nextOffset;
    return brokerTime();
  });

  const send = (deliver: () => void): void => {
    if (lost > 0 && dice.chance(lost)) return;
    const ms = dice.whole(0, jitterMs * (dice.chance(0.01) ? 10 : 1));
    const stray = dice.chance(strays);
    if (!stray || dice.chance(0.5)) agenda.in(ms, deliver);
    if (stray) agenda.in(ms + dice.whole(0, latestMs), deliver);
  };

  /** The newest owner hears it, at times an older one that does not know yet. */
  const toOwner = (request: LedgerRequest, reply: (answer: Reply) => void): void => {
    const alive = owners.filter((owner) => owner.alive());
    const owner = dice.chance(0.1) ? alive[0] : alive.at(-1);
    owner?.hear(request, reply);
  };

  const around: Surroundings = {
    agenda,
    upstream,
    callTimeout: settings.callTimeout.riders_single,
    ask(ask, heard) {
      let over = false;
      const end = (answer: Reply | undefined) => {
        if (over) return;
        over = true;
        if (answer?.answer === 'started') startsHeard.add(answer.permit);
        heard(answer?.answer === 'done' ? undefined : answer);
      };
      send(() => toOwner(ask, (answer) => send(() => end(answer))));
      agenda.in(patience, () => end(undefined));
    },
    attend: (ticket, happened) => void clients.set(ticket, happened),
    ended: (ticket, end) => ends.set(ticket, end),
  };

  const open = () => {
    const offer = ({ ticket, permit }: Offer) =>
      send(() => clients.get(ticket)?.({ event: 'offered', permit }));
    const opened = () => {
      for (const happened of clients.values()) send(() => happened({ event: 'new owner' }));
    };
    const id = `limiter ${owners.length}`;
    owners.push(takeOver({ id, agenda, dice, journal, brokerTime, settings, offer, opened }));
  };

  const strike = (blow: Blow): void => {
    const owner = owners.at(-1);
    switch (blow.does) {
      case 'dies':
        owner?.die(blow.death);
        // Whoever did not come to dying by then is taken for dead.
        agenda.in(blow.downFor, open);
        return;
      case 'freezes':
        owner?.freeze(blow.forMs);
        return;
      case 'is replaced':
        open();
        return;
      case 'loses an acknowledgement':
        owner?.loseAcknowledgement();
        return;
      case 'broker clock':
        // Set forward when nobody rules, a clock says the same as one that nobody has ruled by for as long.
        nextOffset = blow.offset;
        if (nextOffset < offset) offset = nextOffset;
        return;
      case 'upstream changes':
        upstream.change(blow.policy);
        return;
      case 'operator':
        toOwner(operationOf(blow.operation, agenda.now()), () => undefined);
    }
  };

  open();
  let at = 0;
  for (const [index, { after, wanted, fate }] of history.callers.entries()) {
    at += after;
    agenda.in(at, () => runScript(caller(`t${index}`, wanted, around), fate, agenda));
  }
  at = 0;
  for (const blow of history.blows) {
    at += blow.after;
    agenda.in(at, () => strike(blow));
  }
  agenda.run(mostSteps);
  return {
    entries: journal.entries,
    facts: journal.entries.flatMap((entry) => (entry.entry === 'facts' ? entry.facts : [])),
    arrivals: upstream.arrivals,
    ends,
    alive: history.callers.flatMap(({ fate }, index) => (fate.dies ? [] : [`t${index}`])),
    startsHeard,
    lastAt: agenda.now(),
  };
}

function operationOf(operation: OperationNow, now: number): Operation {
  if (operation.do !== 'pause') return { ...operation, ...place };
  return { do: 'pause', ...place, until: now + operation.forMs };
}

/** Every call that was booked, in the order of the journal, with what held when it started. */
export function startedCalls({ entries, arrivals }: Story, settings: Settings) {
  const ledger = createLedger(1, settings);
  return entries.flatMap((entry) => {
    if (entry.entry !== 'facts') return [];
    return entry.facts.flatMap((fact) => {
      if (fact.fact !== 'started') {
        evolve(ledger, fact);
        return [];
      }
      const { permit, startedAt, arrivesBy } = fact.interval;
      const budget = budgetOf(ledger, place.account, place.endpoint);
      const { probing, unknownUntil, intervals } = budget.record;
      const call = {
        permit,
        startedAt,
        arrivesBy,
        /** Undefined when it was never sent. */
        arrivedAt: arrivals.get(permit),
        policy: policyOf(budget),
        paused: isPaused(budget, startedAt),
        probing,
        unknown: (unknownUntil ?? 0) > startedAt,
        /** How many others may still have been under way. */
        open: intervals.filter((other) => !other.settled && other.arrivesBy > startedAt).length,
      };
      evolve(ledger, fact);
      return [call];
    });
  });
}
