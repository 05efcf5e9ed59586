import { type Clock, pause } from '@paceline/shared/clock';
import type { Answer, Ask, Coordination, Operated, Operation, WindowsView } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import { coordination } from '../core/coordination.ts';
import type { Settings } from '../core/settings.ts';
import { Superseded } from '../core/superseded.ts';
import { type Reply, takeTurn, type Turn, type Wish } from '../core/turn.ts';
import { type Waiting, waiting } from '../core/waiting.ts';
import { windows } from '../core/windows.ts';
import type { FirstStart } from './first-start.ts';
import { type Journal, JournalTaken } from './journal.ts';
import { recover, type Recovered } from './recover.ts';
import { restateRegularly, type Restatement } from './restatement.ts';
import { traceStarts } from './start-spans.ts';

/** Tells others what a turn came to, once it is committed. Must not throw: what is told is only news. */
export interface Announce {
  turn(turn: Pick<Turn, 'offers' | 'conflicts' | 'facts'>): void;
  /** The journal of before is gone. */
  lost(at: number): void;
}

export interface PartitionParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly firstStart: FirstStart;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly announce: Announce;
  readonly log: Logger;
}

interface Wished {
  readonly wishes: readonly Wish[];
  readonly reply: (answers: readonly Reply[]) => void;
}

/** One entry of the journal holds what one turn comes to: it must fit into a message. */
const largestTurn = 500;

/** Real ms. The moment to wake at is a guess while calls are open: neither spin on it nor trust it for long. */
const shortestNap = 5;
const longestNap = 60_000;
const pauseAfterFailure = 250;

/** One partition as its owner holds it: its ledger in memory, its journal on the broker, and whose turn it is. */
export interface Partition {
  /** Answers once what it decides is in the journal. What is asked for in the meantime shares the next append. */
  ask(asks: readonly Ask[], reply: (answers: readonly Answer[]) => void): void;
  operate(operation: Operation, reply: (answer: Operated) => void): void;
  /** The state of one account; undefined while the journal is being read. */
  status(account: string): Coordination | undefined;
  windows(account: string, waiting?: number): WindowsView | undefined;
  waiting(account: string): Waiting | undefined;
  /** The accounts that this partition has heard of. */
  accounts(): Iterable<string>;
  ready(): boolean;
  /** Resolves when somebody else has claimed the partition, or it was closed: it decides nothing any more. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Claims a partition and decides for it until somebody else claims it. */
export function openPartition(parts: PartitionParts): Partition {
  const { owner, journal, clock, announce, log } = parts;
  let held: (Recovered & { restatement: Restatement }) | undefined;
  let inbox: Wished[] = [];
  let before = { claimed: false, epochSeen: 0 };
  let closed = false;
  let callOffAlarm = () => {};
  let working: Promise<void> | undefined;
  const ended = Promise.withResolvers<void>();

  const turn = () => {
    if (closed || working) return;
    working = work().finally(() => {
      working = undefined;
      if (inbox.length > 0 || !held) turn();
      else setAlarm();
    });
  };

  async function work(): Promise<void> {
    let batch: Wished[] = [];
    try {
      held ??= await takeOver();
      batch = takeBatch();
      await answerAll(held, batch);
    } catch (error) {
      // Whatever was decided may or may not be in the journal: only the journal knows.
      held = undefined;
      if (error instanceof JournalTaken) {
        log.warn({ err: error }, 'somebody else has claimed the partition: standing by');
        turnAway(batch);
        end();
        return;
      }
      if (error instanceof Superseded) before = { ...before, epochSeen: error.epoch };
      log.warn({ err: error }, 'the journal could not be written, reading it anew');
      turnAway([...batch, ...inbox]);
      inbox = [];
      await pause(clock.machine, pauseAfterFailure);
    }
  }

  async function takeOver() {
    const recovered = await recover(parts, before);
    before = { claimed: true, epochSeen: 0 };
    const { ledger, now, settings, read, lostAt } = recovered;
    if (lostAt !== undefined) announce.lost(lostAt);
    return { ...recovered, restatement: restateRegularly(journal, owner, ledger, now, settings, read) };
  }

  /** What has come in, up to the size of a turn. */
  function takeBatch(): Wished[] {
    let count = 0;
    const until = inbox.findIndex(({ wishes }) => (count += wishes.length) > largestTurn);
    return inbox.splice(0, until === -1 ? inbox.length : Math.max(1, until));
  }

  async function answerAll(by: NonNullable<typeof held>, batch: readonly Wished[]): Promise<void> {
    const { ledger, now, settings, restatement } = by;
    const wishes = batch.flatMap((each) => each.wishes);
    const decided = takeTurn(ledger, wishes, now(), settings);
    const facts = [...decided.facts];
    if (facts.length > 0) {
      const committed = journal.append({ entry: 'facts', facts });
      traceStarts(wishes, committed);
      await committed;
    }
    let answered = 0;
    for (const { wishes: mine, reply } of batch) {
      reply(decided.answers.slice(answered, answered + mine.length));
      answered += mine.length;
    }
    announce.turn(decided);
    if (facts.length > 0) await restatement.afterEntry();
  }

  function take(wishes: readonly Wish[], reply: Wished['reply']): void {
    inbox.push({ wishes, reply });
    turn();
  }

  /** Windows move on by themselves: wakes when the next waiter's turn may have come. */
  function setAlarm(): void {
    callOffAlarm();
    const next = held?.ledger.alarms.first()?.alarmAt;
    if (!held || closed || next === undefined) return;
    const machineMs = Math.ceil(clock.toMachine(next - held.now()));
    callOffAlarm = clock.machine.after(Math.min(Math.max(shortestNap, machineMs), longestNap), turn);
  }

  function turnAway(asked: readonly Wished[]): void {
    for (const { wishes, reply } of asked) reply(wishes.map(() => unavailable));
  }

  /** Who still waits for an answer asks the next owner. */
  function end(): void {
    closed = true;
    turnAway(inbox);
    inbox = [];
    callOffAlarm();
    ended.resolve();
  }

  turn();
  return {
    ask(asks, reply) {
      // Only operations are answered with `operated`.
      take(asks, (answers) => reply(answers as readonly Answer[]));
    },
    operate(operation, reply) {
      take([operation], ([answer]) => reply(answer as Operated));
    },
    status: (account) => held && coordination(held.ledger, account, held.now(), held.settings),
    windows: (account, waiting) => held && windows(held.ledger, account, held.now(), held.settings, waiting),
    waiting: (account) => held && waiting(held.ledger, account, held.now(), held.settings),
    accounts: () => held?.ledger.news.keys() ?? [],
    ready: () => held !== undefined,
    ended: ended.promise,
    async close() {
      end();
      await working;
    },
  };
}

const unavailable: Reply = { answer: 'unavailable', reason: 'nobody can commit right now' };
