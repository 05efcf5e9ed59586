import { createLedger, type Ledger } from '@paceline/limiter/core/ledger';
import {
  decidePartition,
  openPartitionState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionState,
  type PartitionStep,
} from '@paceline/limiter/core/partition';
import type { Reply } from '@paceline/limiter/core/protocol';
import { restore } from '@paceline/limiter/core/recovery';
import { defaultSettings } from '@paceline/limiter/core/settings';
import type { Fact, PermitReply, PermitRequest } from '@paceline/shared/contracts';
import type { PermitEvent } from '@paceline/shared/limiter/protocol';
import type { Life } from '../life.ts';

/** The limiter as its clients reach it over the broker. */
export interface LimiterLink {
  /** Nothing is heard of a request when the limiter is down for longer than one waits for an answer. */
  ask(ask: PermitRequest, heard: (answer: PermitReply | undefined) => void): void;
  /** From now on offers for that ticket are handed over, and that a new limiter has come. */
  attend(ticket: string, happened: (event: PermitEvent) => void): void;
  forget(ticket: string): void;
}

/** Real ms: as in the client, and how long a new limiter waits for those who waited before. */
const patience = 3_000;
const quiet = 500;
/**
 * Project ms between two heartbeats of a waiting request, if longer than the real interval: no message is lost here, and
 * a client learns at most this much later that its deadline can't be met any more.
 */
const heartbeatInterval = 10_000;

type Answering = (answers: readonly Reply[]) => void;

/**
 * One limiter on a journal that is never lost: the partition loop of production, with messages that take their time.
 * Not divided: a fault ends the partition, its timers and its clients' waits at one moment.
 */
export function startLimiter(life: Life): LimiterLink {
  const { scenario, agenda, clock, network, tally } = life;
  const real = defaultSettings(scenario.tier, clock);
  const settings = {
    ...real,
    heartbeatInterval: Math.max(real.heartbeatInterval, clock.toMachine(heartbeatInterval)),
  };
  const journal: Fact[] = [];
  let state: PartitionState<Answering> | undefined;
  let epoch = 0;
  let wokenAt = Infinity;
  const tickets = new Map<string, (event: PermitEvent) => void>();

  /** What this limiter does later, unless it is dead by then. */
  const later = (ms: number, event: PartitionEvent<Answering>): void => {
    const mine = epoch;
    agenda.in(ms, () => {
      if (epoch === mine) happened(event);
    });
  };

  function happened(event: PartitionEvent<Answering>): void {
    if (state) go(decidePartition(state, event, agenda.now()));
  }

  function go(step: PartitionStep<Answering>): void {
    ({ state } = step);
    for (const effect of step.effects) perform(effect);
  }

  function perform(effect: PartitionEffect<Answering>): void {
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
        journal.push(...effect.facts);
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
        for (const _ of effect.turn.conflicts) tally.conflict();
        return;
      case 'wake':
        wakeAt(effect.at);
        return;
      default:
        throw new Error(`${effect.effect}: nothing fails here`);
    }
  }

  function recover(): Ledger {
    if (epoch === 1) return createLedger(epoch, settings);
    const quietUntil = agenda.now() + clock.fromMachine(quiet);
    return restore([{ entry: 'facts', recoverFrom: 0, facts: journal }], epoch, settings, quietUntil);
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
    go(openPartitionState());
  }

  function die(): void {
    state = undefined;
  }

  function comeBack(): void {
    startUp();
    for (const happenedTo of tickets.values()) happenedTo({ event: 'new owner' });
  }

  startUp();
  for (const { after, for: downFor } of scenario.faults.limiterDown) {
    agenda.in(after, die);
    agenda.in(after + downFor, comeBack);
  }

  return {
    ask(ask, heard) {
      agenda.in(network.broker(), () => {
        if (!state) {
          agenda.in(clock.fromMachine(patience), () => heard(undefined));
          return;
        }
        const to: Answering = ([answer]) => agenda.in(network.broker(), () => heard(answer as PermitReply));
        happened({ event: 'requested', batch: { requests: [ask], to } });
      });
    },
    attend: (ticket, happenedTo) => void tickets.set(ticket, happenedTo),
    forget: (ticket) => void tickets.delete(ticket),
  };
}
