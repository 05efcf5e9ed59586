import type { Clock } from '@paceline/shared/clock';
import type { Answer, Ask, Coordination, Fact } from '@paceline/shared/contracts';
import type { Logger } from '@paceline/shared/telemetry';
import type { Ledger } from '../core/budget.ts';
import { coordination } from '../core/coordination.ts';
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import { grantFree, wakeAt } from '../core/grant.ts';
import { recordsOf, restore } from '../core/restore.ts';
import type { Settings } from '../core/settings.ts';
import type { Journal } from './journal.ts';
import { traceStarts } from './start-spans.ts';

/** What a partition tells others about what it decided, once that is committed. */
export interface Announcements {
  offers(decision: Pick<Decision, 'offers'>): void;
  conflicts(decision: Pick<Decision, 'conflicts'>): void;
  facts(facts: readonly Fact[]): void;
}

export interface PartitionParts {
  readonly owner: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly announce: Announcements;
  readonly log: Logger;
}

interface Asked {
  readonly asks: readonly Ask[];
  readonly reply: (answers: Answer[]) => void;
}

/** After so many entries a snapshot replaces them: recovery stays short. */
const snapshotEvery = 500;

/** Real ms. The moment to wake at is a guess while calls are open: neither spin on it nor trust it for long. */
const shortestNap = 5;
const longestNap = 60_000;

/** One partition: its ledger in memory, its journal on the broker, and whose turn it is. */
export interface Partition {
  /** Answers once what it decides is in the journal. Asks that come in the meantime share the next append. */
  ask(asks: readonly Ask[], reply: (answers: Answer[]) => void): void;
  status(account: string): Coordination | undefined;
  /** The state of every account that this partition has heard of. */
  statuses(): Array<{ account: string; status: Coordination }>;
  ready(): boolean;
  close(): Promise<void>;
}

export function openPartition(parts: PartitionParts): Partition {
  const { journal, clock, settings, announce, log } = parts;
  let ledger: Ledger | undefined;
  let inbox: Asked[] = [];
  let sinceSnapshot = 0;
  let closed = false;
  let wake: NodeJS.Timeout | undefined;
  let working: Promise<void> | undefined;

  const turn = () => {
    if (closed || working) return;
    working = work().finally(() => {
      working = undefined;
      if (inbox.length > 0 || !ledger) turn();
      else setAlarm();
    });
  };

  async function work(): Promise<void> {
    try {
      ledger ??= await recover();
      const batch = inbox;
      inbox = [];
      await answerAll(ledger, batch);
      if (sinceSnapshot >= snapshotEvery) await snapshot(ledger);
    } catch (error) {
      // Whatever was decided may or may not be in the journal: only the journal knows.
      ledger = undefined;
      log.warn({ err: error }, 'the journal could not be written, reading it anew');
      for (const { asks, reply } of inbox) reply(asks.map(() => unavailable));
      inbox = [];
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async function recover(): Promise<Ledger> {
    const entries = await journal.read();
    const at = Math.round(clock.now());
    const epoch = await journal.append({
      entry: 'facts',
      facts: [{ fact: 'claimed', owner: parts.owner, at }],
    });
    sinceSnapshot = entries.length + 1;
    return restore(entries, epoch, settings);
  }

  async function answerAll(from: Ledger, batch: readonly Asked[]): Promise<void> {
    const now = Math.round(clock.now());
    const offers = [...from.budgets.values()].flatMap((budget) =>
      budget.queue.length > 0 ? grantFree(from, budget, now, settings) : [],
    );
    const decided = batch.map(({ asks, reply }) => ({
      reply,
      decisions: asks.map((ask) => decide(from, ask, now, settings)),
    }));
    const decisions = decided.flatMap((each) => each.decisions);
    const facts = decisions.flatMap((decision) => decision.facts);
    const committed = facts.length > 0 ? journal.append({ entry: 'facts', facts }) : Promise.resolve();
    traceStarts(
      batch.flatMap(({ asks }) => asks),
      committed,
    );
    try {
      await committed;
    } catch (error) {
      for (const { reply, decisions: mine } of decided) reply(mine.map(() => unavailable));
      throw error;
    }
    if (facts.length > 0) sinceSnapshot += 1;
    for (const { reply, decisions: mine } of decided) reply(mine.map(({ answer }) => answer));
    announce.offers({ offers });
    for (const decision of decisions) {
      announce.offers(decision);
      announce.conflicts(decision);
    }
    announce.facts(facts);
  }

  async function snapshot(from: Ledger): Promise<void> {
    const at = Math.round(clock.now());
    await journal.append({ entry: 'snapshot', at, budgets: recordsOf(from, at, settings) });
    sinceSnapshot = 0;
  }

  /** Windows move on by themselves: wakes when the next waiter's turn may have come. */
  function setAlarm(): void {
    clearTimeout(wake);
    if (!ledger || closed) return;
    const now = clock.now();
    const moments = [...ledger.budgets.values()].flatMap((budget) => wakeAt(budget, now, settings) ?? []);
    if (moments.length === 0) return;
    const realMs = clock.toMachine(Math.min(...moments) - now);
    wake = setTimeout(turn, Math.min(Math.max(shortestNap, Math.ceil(realMs)), longestNap));
  }

  const status = (account: string) =>
    ledger && coordination(ledger, account, Math.round(clock.now()), settings);

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
    async close() {
      closed = true;
      clearTimeout(wake);
      await working;
    },
  };
}

const unavailable: Answer = { answer: 'unavailable', reason: 'the journal does not answer' };
