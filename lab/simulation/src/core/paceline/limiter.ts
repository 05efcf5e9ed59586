import type { Answer, Ask, Fact, Offer } from '@paceline/shared/contracts';
import { defaultSettings } from '@paceline/limiter/core/default-settings';
import { createLedger, type Ledger } from '@paceline/limiter/core/ledger';
import { restore } from '@paceline/limiter/core/restore';
import { takeTurn } from '@paceline/limiter/core/turn';
import type { Life } from '../life.ts';

/** The limiter as its clients reach it over the broker. */
export interface LimiterDesk {
  /** Asks; hears nothing of it when the limiter is down for longer than one waits for an answer. */
  ask(ask: Ask, heard: (answer: Answer | undefined) => void): void;
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

interface Wished {
  readonly ask: Ask;
  readonly reply: (answer: Answer) => void;
}

/** One limiter, its ledger and its journal: one turn at a time, each answered once it is committed. */
export function startLimiter(life: Life): LimiterDesk {
  const { scenario, agenda, clock, network, tally } = life;
  const real = defaultSettings(scenario.tier, clock);
  const settings = { ...real, askAgainIn: Math.max(real.askAgainIn, clock.toMachine(askAgainIn)) };
  const journal: Fact[] = [];
  let ledger: Ledger | undefined = createLedger(1);
  let epoch = 1;
  let inbox: Wished[] = [];
  let working = false;
  let wokenAt = Infinity;
  const unanswered = new Set<() => void>();
  const mail = new Map<string, { held?: Offer; wake?: (offer: Offer | undefined) => void }>();

  /** What this limiter does later, unless it is dead by then. */
  const later = (ms: number, does: () => void): void => {
    const mine = epoch;
    agenda.in(ms, () => {
      if (epoch === mine && ledger) does();
    });
  };

  function turn(): void {
    if (working || !ledger) return;
    const batch = inbox;
    inbox = [];
    const asks = batch.map(({ ask }) => ask);
    const decided = takeTurn(ledger, asks, agenda.now(), settings);
    working = true;
    const commit = decided.facts.length > 0 ? network.broker() : 0;
    journal.push(...decided.facts);
    const tell = () => {
      working = false;
      for (const [index, { reply }] of batch.entries()) reply(decided.answers[index] as Answer);
      for (const { offer } of decided.offers) agenda.in(network.broker(), () => deliver(offer));
      for (const _ of decided.conflicts) tally.conflict();
      if (inbox.length > 0) turn();
      else setAlarm();
    };
    if (commit === 0) tell();
    else later(commit, tell);
  }

  function deliver(offer: Offer): void {
    const box = mail.get(offer.ticket);
    if (!box) return;
    if (box.wake) box.wake(offer);
    else box.held = offer;
  }

  function setAlarm(): void {
    const at = ledger?.alarms.first()?.alarmAt;
    if (at === undefined || (wokenAt > agenda.now() && wokenAt <= at)) return;
    wokenAt = at;
    later(at - agenda.now(), () => {
      if (wokenAt === at) wokenAt = Infinity;
      turn();
    });
  }

  function die(): void {
    ledger = undefined;
    inbox = [];
    working = false;
    wokenAt = Infinity;
  }

  function comeBack(): void {
    epoch += 1;
    const quietUntil = agenda.now() + clock.fromMachine(quiet);
    ledger = restore([{ entry: 'facts', recoverFrom: 0, facts: journal }], epoch, settings, quietUntil);
    for (const giveUp of unanswered) giveUp();
    for (const { wake } of mail.values()) wake?.(undefined);
  }

  for (const { after, for: downFor } of scenario.faults.limiterDown) {
    agenda.in(after, die);
    agenda.in(after + downFor, comeBack);
  }

  return {
    ask(ask, heard) {
      if (ask.do === 'acquire' && !mail.has(ask.ticket)) mail.set(ask.ticket, {});
      let over = false;
      const end = (answer: Answer | undefined) => {
        if (over) return;
        over = true;
        unanswered.delete(giveUp);
        heard(answer);
      };
      const giveUp = () => end(undefined);
      unanswered.add(giveUp);
      agenda.in(network.broker(), () => {
        if (ledger) {
          inbox.push({ ask, reply: (answer) => agenda.in(network.broker(), () => end(answer)) });
          later(0, turn);
        } else agenda.in(clock.fromMachine(patience), giveUp);
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
