import type { Clock } from '@paceline/shared/clock';
import type { Answer, Ask, Coordination, Fact } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import type { Ledger } from '../core/budget.ts';
import { coordination } from '../core/coordination.ts';
import { wakeAt } from '../core/grant.ts';
import { recordsOf, restore } from '../core/restore.ts';
import type { Settings } from '../core/settings.ts';
import { Superseded } from '../core/superseded.ts';
import { takeTurn, type Turn } from '../core/turn.ts';
import { type Journal, JournalTaken } from './journal.ts';
import { traceStarts } from './start-spans.ts';

/** Tells others what a turn came to, once it is committed. Must not throw: what is told is only news. */
export type Announce = (turn: Pick<Turn, 'offers' | 'conflicts' | 'facts'>) => void;

export interface PartitionParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly announce: Announce;
  readonly log: Logger;
}

interface Asked {
  readonly asks: readonly Ask[];
  readonly reply: (answers: readonly Answer[]) => void;
}

/** After so many entries a snapshot replaces them: recovery stays short. */
const snapshotEvery = 500;

/** Real ms. The moment to wake at is a guess while calls are open: neither spin on it nor trust it for long. */
const shortestNap = 5;
const longestNap = 60_000;
const pauseAfterFailure = 250;

/** One partition as its owner holds it: its ledger in memory, its journal on the broker, and whose turn it is. */
export interface Partition {
  /** Answers once what it decides is in the journal. Asks that come in the meantime share the next append. */
  ask(asks: readonly Ask[], reply: (answers: readonly Answer[]) => void): void;
  /** The state of one account; undefined while the journal is being read. */
  status(account: string): Coordination | undefined;
  /** The state of every account that this partition has heard of. */
  statuses(): Array<{ account: string; status: Coordination }>;
  ready(): boolean;
  /** Resolves when somebody else has claimed the partition, or it was closed: it decides nothing any more. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Claims a partition and decides for it until somebody else claims it. */
export function openPartition(parts: PartitionParts): Partition {
  const { owner, journal, clock, settings, announce, log } = parts;
  let ledger: Ledger | undefined;
  let inbox: Asked[] = [];
  let sinceSnapshot = 0;
  let claimed = false;
  let closed = false;
  let wake: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;
  const ended = Promise.withResolvers<void>();
  const now = () => Math.round(clock.now());

  const turn = () => {
    if (closed || working) return;
    working = work().finally(() => {
      working = undefined;
      if (inbox.length > 0 || !ledger) turn();
      else setAlarm();
    });
  };

  async function work(): Promise<void> {
    let batch: Asked[] = [];
    try {
      ledger ??= await recover();
      batch = inbox;
      inbox = [];
      await answerAll(ledger, batch);
      if (sinceSnapshot >= snapshotEvery) await snapshot(ledger);
    } catch (error) {
      // Whatever was decided may or may not be in the journal: only the journal knows.
      ledger = undefined;
      if (error instanceof JournalTaken || error instanceof Superseded) {
        log.warn({ err: error }, 'somebody else has claimed the partition: standing by');
        end();
        return;
      }
      log.warn({ err: error }, 'the journal could not be written, reading it anew');
      for (const { asks, reply } of [...batch, ...inbox]) reply(asks.map(() => unavailable));
      inbox = [];
      await new Promise((resolve) => setTimeout(resolve, pauseAfterFailure));
    }
  }

  async function recover(): Promise<Ledger> {
    const entries = await journal.read();
    if (claimed && lastOwner(entries) !== owner) throw new JournalTaken('the last claim is not ours');
    const epoch = await journal.append({ entry: 'facts', facts: [{ fact: 'claimed', owner, at: now() }] });
    claimed = true;
    sinceSnapshot = entries.length + 1;
    // Whoever waited before asks again within this time: the most urgent goes first, not who is the quickest.
    const quiet = entries.length === 0 ? 0 : clock.fromMachine(settings.askAgainIn + pauseAfterFailure);
    return restore(entries, epoch, settings, now() + quiet);
  }

  async function answerAll(from: Ledger, batch: readonly Asked[]): Promise<void> {
    const asks = batch.flatMap((each) => each.asks);
    const decided = takeTurn(from, asks, now(), settings);
    const facts = [...decided.facts];
    if (facts.length > 0) {
      const committed = journal.append({ entry: 'facts', facts });
      traceStarts(asks, committed);
      await committed;
      sinceSnapshot += 1;
    }
    let answered = 0;
    for (const { asks: mine, reply } of batch) {
      reply(decided.answers.slice(answered, answered + mine.length));
      answered += mine.length;
    }
    announce(decided);
  }

  async function snapshot(from: Ledger): Promise<void> {
    const at = now();
    await journal.append({ entry: 'snapshot', owner, at, budgets: recordsOf(from, at, settings) });
    sinceSnapshot = 0;
  }

  /** Windows move on by themselves: wakes when the next waiter's turn may have come. */
  function setAlarm(): void {
    clearTimeout(wake);
    if (!ledger || closed) return;
    const from = ledger;
    const moments = [...from.budgets.values()].flatMap(
      (budget) => wakeAt(from, budget, now(), settings) ?? [],
    );
    if (moments.length === 0) return;
    const realMs = Math.ceil(clock.toMachine(Math.min(...moments) - clock.now()));
    wake = setTimeout(turn, Math.min(Math.max(shortestNap, realMs), longestNap));
  }

  /** Who still waits for an answer gets none: the new owner is asked next. */
  function end(): void {
    closed = true;
    inbox = [];
    clearTimeout(wake);
    ended.resolve();
  }

  const status = (account: string) => ledger && coordination(ledger, account, now(), settings);

  turn();
  return {
    ask(asks, reply) {
      inbox.push({ asks, reply });
      turn();
    },
    status,
    statuses: () =>
      [...new Set([...(ledger?.budgets.values() ?? [])].map(({ record }) => record.account))].flatMap(
        (account) => {
          const known = status(account);
          return known ? [{ account, status: known }] : [];
        },
      ),
    ready: () => ledger !== undefined,
    ended: ended.promise,
    async close() {
      end();
      await working;
    },
  };
}

const unavailable: Answer = { answer: 'unavailable', reason: 'the journal does not answer' };

/** Who claimed the partition last, as far as the journal tells. */
function lastOwner(entries: Awaited<ReturnType<Journal['read']>>): string | undefined {
  const owners = entries.flatMap((entry) => {
    if (entry.entry === 'snapshot') return [entry.owner];
    return entry.facts.flatMap((fact: Fact) => (fact.fact === 'claimed' ? [fact.owner] : []));
  });
  return owners.at(-1);
}
