import type { PermitReply, PermitRequest, Fact, Offer } from '@paceline/shared/contracts';
import { defaultSettings } from '@paceline/limiter/core/default-settings';
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
import { restore } from '@paceline/limiter/core/restore';
import type { Life } from '../life.ts';

/** The limiter as its clients reach it over the broker. */
export interface LimiterDesk {
  /** Asks; hears nothing of it when the limiter is down for longer than one waits for an answer. */
  ask(ask: PermitRequest, heard: (answer: PermitReply | undefined) => void): void;
  /** Hands the next offer for a ticket over, one that came before at once; nothing after `ms`, or when a limiter is new. */
  offer(ticket: string, ms: number, heard: (offer: Offer | undefined) => void): void;
  /** Nobody waits for offers for that ticket any more. */
  forget(ticket: string): void;
}

/** Real ms: as in the client, and how long a new limiter waits for those who waited before. */
const patience = 3_000;
const quiet = 500;
/**
 * Project ms after which whoever waits asks again, where that is longer than the real client's time: no message is lost
 * here, and it hears this much later at the most that its deadline can't be met any more.
 */
const askAgainIn = 10_000;

type Answering = (answers: readonly Reply[]) => void;

/** One limiter on a journal that is never lost: the partition loop of production, with messages that take their time. */
export function startLimiter(life: Life): LimiterDesk {
  const { scenario, agenda, clock, network, tally } = life;
  const real = defaultSettings(scenario.tier, clock);
  const settings = { ...real, askAgainIn: Math.max(real.askAgainIn, clock.toMachine(askAgainIn)) };
  const journal: Fact[] = [];
  let state: PartitionState<Answering> | undefined;
  let epoch = 0;
  let wokenAt = Infinity;
  const unanswered = new Set<() => void>();
  const mail = new Map<string, { held?: Offer; wake?: (offer: Offer | undefined) => void }>();

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
          held: { ledger: recover(), settings, entries: 0, restateAfter: Infinity, restating: undefined },
        });
        return;
      case 'gather':
        later(0, { event: 'turn' });
        return;
      case 'commit':
        journal.push(...effect.facts);
        later(network.broker(), { event: 'written', sequence: 0 });
        return;
      case 'answer':
        effect.to(effect.answers);
        return;
      case 'announce':
        for (const { offer } of effect.turn.offers) agenda.in(network.broker(), () => deliver(offer));
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
    if (epoch === 1) return createLedger(epoch);
    const quietUntil = agenda.now() + clock.fromMachine(quiet);
    return restore([{ entry: 'facts', recoverFrom: 0, facts: journal }], epoch, settings, quietUntil);
  }

  function deliver(offer: Offer): void {
    const box = mail.get(offer.ticket);
    if (!box) return;
    if (box.wake) box.wake(offer);
    else box.held = offer;
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

  function live(): void {
    epoch += 1;
    wokenAt = Infinity;
    go(openPartitionState());
  }

  function die(): void {
    state = undefined;
  }

  function comeBack(): void {
    live();
    for (const giveUp of unanswered) giveUp();
    for (const { wake } of mail.values()) wake?.(undefined);
  }

  live();
  for (const { after, for: downFor } of scenario.faults.limiterDown) {
    agenda.in(after, die);
    agenda.in(after + downFor, comeBack);
  }

  return {
    ask(ask, heard) {
      if (ask.do === 'acquire' && !mail.has(ask.ticket)) mail.set(ask.ticket, {});
      let over = false;
      const end = (answer: PermitReply | undefined) => {
        if (over) return;
        over = true;
        unanswered.delete(giveUp);
        heard(answer);
      };
      const giveUp = () => end(undefined);
      unanswered.add(giveUp);
      agenda.in(network.broker(), () => {
        if (!state) {
          agenda.in(clock.fromMachine(patience), giveUp);
          return;
        }
        const to: Answering = ([answer]) => agenda.in(network.broker(), () => end(answer as PermitReply));
        happened({ event: 'asked', asked: { requests: [ask], to } });
      });
    },
    offer(ticket, ms, heard) {
      const box = mail.get(ticket);
      if (!box) throw new Error(`${ticket} has not asked`);
      if (box.held) {
        const { held } = box;
        delete box.held;
        heard(held);
        return;
      }
      let over = false;
      box.wake = (offer) => {
        if (over) return;
        over = true;
        delete box.wake;
        heard(offer);
      };
      const { wake } = box;
      agenda.in(ms, () => wake(undefined));
    },
    forget: (ticket) => void mail.delete(ticket),
  };
}
