import type { Answer, Ask, Conflict, Fact, Operation } from '@paceline/shared/contracts';
import { answerAcquire, hearAcquire } from './acquire.ts';
import type { BudgetState } from './budget.ts';
import { cancel } from './cancel.ts';
import { evolve } from './evolve.ts';
import { dropIdle } from './idle.ts';
import { type Offered, serve } from './grant.ts';
import { budgetOf, type Ledger, setAlarm } from './ledger.ts';
import { operate } from './operate.ts';
import { orderKey } from './queue.ts';
import { settle } from './settle.ts';
import type { Settings } from './settings.ts';
import { start } from './start.ts';
import { demandOurs } from './superseded.ts';

/** What can be asked of a ledger, and what it answers. */
export type Wish = Ask | Operation;
export type Reply = Answer | { readonly answer: 'operated' };

/**
 * What the wishes of one turn come to. The replies, in their order, may be given once the facts are in the journal;
 * offers and conflicts are told to whom they concern.
 */
export interface Turn {
  readonly answers: readonly Reply[];
  readonly facts: readonly Fact[];
  readonly offers: readonly Offered[];
  readonly conflicts: readonly Conflict[];
}

/** What a verb other than acquire comes to. */
export interface Decision {
  readonly answer: Reply;
  readonly facts: readonly Fact[];
}

/**
 * Decides the wishes of one turn and takes their facts into the ledger. Everybody is heard before anybody is served,
 * so that the most urgent goes first and not who was heard first. It looks only at the budgets that are asked for and
 * at those whose alarm goes off, and at a few more for those that are idle. The caller commits the facts before it passes the answers on; when it can't, it
 * throws the ledger away.
 * @throws {Superseded} when a wish shows that another limiter has taken over since
 */
export function takeTurn(ledger: Ledger, asked: readonly Wish[], now: number, settings: Settings): Turn {
  const wishes = asked.map((wish) => soFar(wish, now));
  const facts: Fact[] = [];
  const touched = new Set<BudgetState>();
  const joined = new Set<string>();
  const taken = ({ answer, facts: decided }: Decision): Reply => {
    for (const fact of decided) evolve(ledger, fact, settings);
    facts.push(...decided);
    return answer;
  };
  const heard = wishes.map((wish) => {
    const budget = budgetOf(ledger, wish.account, wish.endpoint, settings);
    touched.add(budget);
    if (wish.do === 'acquire') {
      if (hearAcquire(ledger, budget, wish, now, settings)) joined.add(wish.ticket);
      return undefined;
    }
    return taken(decide(ledger, budget, wish, now, settings));
  });
  for (const budget of due(ledger, now)) touched.add(budget);
  const offers = [...touched].flatMap((budget) => serve(ledger, budget, now, settings));
  const conflicts: Conflict[] = [];
  const answered = new Set<string>();
  for (const { wish, index } of inLine(wishes, settings)) {
    answered.add(wish.ticket);
    const budget = budgetOf(ledger, wish.account, wish.endpoint, settings);
    const isNew = joined.delete(wish.ticket);
    const { answer, conflict } = answerAcquire(ledger, budget, wish, isNew, now, settings);
    if (conflict) conflicts.push(conflict);
    const { account, endpoint, trace } = wish;
    heard[index] =
      answer.answer === 'granted' && wish.start
        ? taken(
            start(budget, { do: 'start', account, endpoint, permit: answer.permit, trace }, now, settings),
          )
        : answer;
  }
  dropIdle(ledger, asked.length, now, settings);
  const answers = heard as readonly Reply[];
  return { answers, facts, offers: offers.filter(({ offer }) => !answered.has(offer.ticket)), conflicts };
}

/** Nobody has asked in the future: an asker's clock that is ahead costs it no place. */
const soFar = (wish: Wish, now: number): Wish =>
  wish.do === 'acquire' && wish.firstAskedAt > now ? { ...wish, firstAskedAt: now } : wish;

/** Those who ask for a permit, whoever goes first before the others: who is refused stands in nobody's way. */
const inLine = (wishes: readonly Wish[], settings: Settings) =>
  wishes
    .flatMap((wish, index) => (wish.do === 'acquire' ? [{ wish, index, key: orderKey(wish, settings) }] : []))
    .sort((a, b) => a.key - b.key || (a.wish.ticket < b.wish.ticket ? -1 : 1));

function decide(
  ledger: Ledger,
  budget: BudgetState,
  wish: Exclude<Wish, { do: 'acquire' }>,
  now: number,
  settings: Settings,
): Decision {
  switch (wish.do) {
    case 'start':
      demandOurs(ledger, wish.permit);
      return start(budget, wish, now, settings);
    case 'settle':
      demandOurs(ledger, wish.permit);
      return settle(budget, wish, now, settings);
    case 'cancel':
      return cancel(ledger, budget, wish, now);
    default:
      return operate(budget, wish, now, settings);
  }
}

/** As many alarms go off in one turn: the next turn comes at once. */
const mostAlarms = 500;

/** Takes the budgets in which something has become free by the mere passing of time. */
function due(ledger: Ledger, now: number): BudgetState[] {
  const budgets: BudgetState[] = [];
  for (let next = ledger.alarms.first(); next && budgets.length < mostAlarms; next = ledger.alarms.first()) {
    if ((next.alarmAt ?? 0) > now) break;
    budgets.push(next);
    // Whoever serves it sets the next one.
    setAlarm(ledger, next, undefined);
  }
  return budgets;
}
