import type { Ledger } from '@paceline/limiter/core/ledger';
import {
  decidePartition,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionState,
  type PartitionStep,
} from '@paceline/limiter/core/partition';
import type { Reply } from '@paceline/limiter/core/protocol';
import { restore, takeOver } from '@paceline/limiter/core/recovery';
import { defaultSettings } from '@paceline/limiter/core/settings';
import type { Fact, PermitReply, PermitRequest } from '@paceline/shared/contracts';
import { createCallLog, type CallLog } from './call-log.ts';
import type { PermitEvent } from '@paceline/shared/limiter/protocol';
import type { Simulation } from '../simulation.ts';

/** The limiter as its clients see it over the broker. */
export interface LimiterLink {
  /** The reply is undefined when the limiter is down. */
  request(request: PermitRequest, onReply: (reply: PermitReply | undefined) => void): void;
  /** Delivers offers for a ticket and the start of a new limiter. */
  subscribe(ticket: string, happened: (event: PermitEvent) => void): void;
  unsubscribe(ticket: string): void;
  readonly callLog: CallLog;
}

/** Real ms: the client's request timeout, and how long a new limiter waits for earlier requests to return. */
const requestTimeoutMs = 3_000;
const quietMs = 500;
/**
 * Project ms between heartbeats, if longer than in production: no message is lost here, so it only delays the news that
 * a deadline can't be met.
 */
const heartbeatInterval = 10_000;

type SendReplies = (replies: readonly Reply[]) => void;

/**
 * One limiter, which can lose the end of its journal: the production partition loop, with message latency.
 * Not divided, because a fault ends the partition, its timers and its clients' waits at once.
 */
export function startLimiter(simulation: Simulation): LimiterLink {
  const { scenario, agenda, clock, network, tally } = simulation;
  const real = defaultSettings({ zwiftracing: scenario.definition }, () => scenario.tier, clock);
  const settings = {
    ...real,
    heartbeatInterval: Math.max(real.heartbeatInterval, clock.toRealMs(heartbeatInterval)),
  };
  let journal: Array<{ readonly at: number; readonly facts: readonly Fact[] }> = [];
  const callLog = createCallLog(agenda);
  let state: PartitionState<SendReplies> | undefined;
  let epoch = 0;
  let wokenAt = Infinity;
  const tickets = new Map<string, (event: PermitEvent) => void>();

  /** Schedules an event, unless this limiter is killed first. */
  const later = (ms: number, event: PartitionEvent<SendReplies>): void => {
    const mine = epoch;
    agenda.in(ms, () => {
      if (epoch === mine) happened(event);
    });
  };

  function happened(event: PartitionEvent<SendReplies>): void {
    if (state) apply(decidePartition(state, event, agenda.now()));
  }

  function apply(step: PartitionStep<SendReplies>): void {
    ({ state } = step);
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PartitionEffect<SendReplies>): void {
    switch (effect.effect) {
      case 'recover':
        happened({
          event: 'recovered',
          data: { ledger: recover(), entriesSinceSnapshot: 0, snapshotAfter: Infinity, snapshot: undefined },
        });
        return;
      case 'gather':
        later(0, { event: 'turn' });
        return;
      case 'commit':
        journal.push({ at: agenda.now(), facts: effect.facts });
        later(network.broker(), { event: 'written', sequence: 0 });
        return;
      case 'reply':
        effect.to(effect.replies);
        return;
      case 'announce':
        for (const { offer } of effect.turn.offers) {
          const { ticket, permit } = offer;
          agenda.in(network.broker(), () => tickets.get(ticket)?.({ event: 'offered', permit }));
        }
        for (const _ of effect.turn.conflicts) tally.recordConflict();
        return;
      case 'wake':
        wakeAt(effect.at);
        return;
      default:
        throw new Error(`${effect.effect}:can't happen in the simulation`);
    }
  }

  function recover(): Ledger {
    const at = agenda.now();
    const quietUntil = epoch === 1 ? 0 : at + clock.toProjectMs(quietMs);
    const entries = journal.map(({ facts }) => ({
      entry: 'facts' as const,
      recoverFrom: 0,
      facts: [...facts],
    }));
    // A journal without its last claim has lost an unknown number of entries.
    const claims = journal.filter(({ facts }) => facts.some(({ fact }) => fact === 'claimed')).length;
    const isLost = claims < epoch - 1;
    const { term, calls } = callLog.startTerm();
    const ledger = restore(entries, epoch, settings, quietUntil);
    ledger.term = term;
    const facts = takeOver(ledger, { owner: String(epoch), at, isLost, calls });
    journal.push({ at, facts });
    return ledger;
  }

  function wakeAt(at: number | undefined): void {
    if (at === undefined || (wokenAt > agenda.now() && wokenAt <= at)) return;
    wokenAt = at;
    const mine = epoch;
    agenda.in(at - agenda.now(), () => {
      if (epoch !== mine) return;
      if (wokenAt === at) wokenAt = Infinity;
      happened({ event: 'turn' });
    });
  }

  function startUp(): void {
    epoch += 1;
    wokenAt = Infinity;
    apply(openPartitionState());
  }

  function kill(loses: number): void {
    state = undefined;
    journal = journal.filter(({ at }) => at <= agenda.now() - loses);
  }

  function restart(): void {
    startUp();
    for (const notify of tickets.values()) notify({ event: 'new owner' });
  }

  startUp();
  for (const { after, for: downFor, loses } of scenario.faults.limiterDown) {
    agenda.in(after, () => kill(loses));
    agenda.in(after + downFor, restart);
  }

  return {
    request(request, onReply) {
      agenda.in(network.broker(), () => {
        if (!state) {
          agenda.in(clock.toProjectMs(requestTimeoutMs), () => onReply(undefined));
          return;
        }
        const to: SendReplies = ([reply]) => agenda.in(network.broker(), () => onReply(reply as PermitReply));
        happened({ event: 'requested', batch: { requests: [request], to } });
      });
    },
    subscribe: (ticket, notify) => void tickets.set(ticket, notify),
    unsubscribe: (ticket) => void tickets.delete(ticket),
    callLog,
  };
}
