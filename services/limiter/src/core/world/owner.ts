import type { Fact, Offer } from '@paceline/shared/contracts';
import type { Ledger } from '../ledger.ts';
import { timeAtTakeOver, timeOf } from '../ledger-time.ts';
import { restore, weighs } from '../restore.ts';
import type { Settings } from '../settings.ts';
import { Superseded } from '../superseded.ts';
import { type Reply, takeTurn, type Turn, type Wish } from '../turn.ts';
import type { Agenda } from './agenda.ts';
import type { Dice } from './dice.ts';
import type { Journal } from './journal.ts';

/** Where a limiter dies: doing nothing, or at the next turn that has something to commit. */
export const deaths = ['idle', 'before the append', 'after the append'] as const;
export type Death = (typeof deaths)[number];

/** A limiter that believes that a partition is its own: one turn at a time, each answered once it is committed. */
export interface Owner {
  alive(): boolean;
  hear(wish: Wish, reply: (answer: Reply) => void): void;
  die(death: Death): void;
  freeze(ms: number): void;
}

export interface OwnerParts {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly brokerTime: () => number;
  readonly settings: Settings;
  /** A message to a client. */
  readonly offer: (offer: Offer) => void;
  /** Called with what every turn came to when it was decided, committed or not. */
  readonly onTurn: (turn: Turn, ledger: Ledger, now: number, wishes: readonly Wish[]) => void;
}

/** Ms in which those who waited before ask again. */
const quiet = 500;
/** Ms that a message to the broker takes at most: by so much a ledger's time may fall behind with every owner. */
export const slowest = 20;

/** Takes the partition over, as a limiter does that starts or that replaces another. */
export function takeOver(parts: OwnerParts): Owner {
  const { agenda, dice, journal, settings, offer, onTurn } = parts;
  const { now, ledger } = recover(parts);
  let seen = journal.entries.length;
  let dead = false;
  let doomed: Death | undefined;
  let frozenUntil = 0;
  let working = false;
  let inbox: Array<{ readonly wish: Wish; readonly reply: (answer: Reply) => void }> = [];
  let wokenAt = Infinity;

  /** Whatever it does it does only while it lives, and not while it is frozen. */
  const later = (ms: number, does: () => void): void => {
    agenda.in(ms, () => {
      if (dead) return;
      if (agenda.now() < frozenUntil) later(frozenUntil - agenda.now(), does);
      else does();
    });
  };

  function turn(): void {
    if (dead || working) return;
    const batch = inbox;
    inbox = [];
    const wishes = batch.map(({ wish }) => wish);
    const decided = decide(wishes);
    if (!decided) return;
    const tell = () => {
      for (const [index, { reply }] of batch.entries()) reply(decided.answers[index] as Reply);
      for (const each of decided.offers) offer(each.offer);
      if (inbox.length > 0) later(0, turn);
      else setAlarm();
    };
    if (decided.facts.length === 0) tell();
    else commit(decided.facts, tell);
  }

  function decide(wishes: readonly Wish[]): Turn | undefined {
    try {
      const decided = takeTurn(ledger, wishes, now(), settings);
      onTurn(decided, ledger, now(), wishes);
      return decided;
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      dead = true;
      return undefined;
    }
  }

  function commit(facts: readonly Fact[], tell: () => void): void {
    working = true;
    later(dice.upTo(slowest), () => {
      if (doomed === 'before the append') dead = true;
      const length = dead ? undefined : journal.append(facts, seen);
      if (length === undefined || doomed === 'after the append') {
        dead = true;
        return;
      }
      seen = length;
      later(dice.upTo(slowest), () => {
        working = false;
        tell();
      });
    });
  }

  function setAlarm(): void {
    const at = ledger.alarms.first()?.alarmAt;
    if (at === undefined || (wokenAt > now() && wokenAt <= at)) return;
    wokenAt = at;
    later(at - now(), () => {
      if (wokenAt === at) wokenAt = Infinity;
      turn();
    });
  }

  return {
    alive: () => !dead,
    hear(wish, reply) {
      later(0, () => {
        inbox.push({ wish, reply });
        turn();
      });
    },
    die(death) {
      if (death === 'idle') dead = true;
      else doomed = death;
    },
    freeze(ms) {
      frozenUntil = Math.max(frozenUntil, agenda.now() + ms);
    },
  };
}

/** As `adapters/recover.ts`: the journal is read, time is taken over, the partition is claimed. */
function recover({ agenda, journal, brokerTime, settings }: OwnerParts) {
  const { entries } = journal;
  const last = entries.at(-1);
  const from = timeAtTakeOver({
    now: brokerTime(),
    last: last && { at: timeOf(last), storedAt: journal.lastStoredAt() },
    weighs: (at) => weighs(restore(entries, 0, settings), at, settings),
  });
  const heardAt = agenda.now();
  const now = () => from + agenda.now() - heardAt;
  const isFirst = entries.length === 0;
  const epoch = journal.append([{ fact: 'claimed', owner: 'a limiter', at: now() }], entries.length);
  const ledger = restore(entries, epoch ?? 0, settings, isFirst ? 0 : now() + quiet);
  return { now, ledger };
}
