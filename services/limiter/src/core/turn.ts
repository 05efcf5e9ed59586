import type { Answer, Ask, Conflict, Fact } from '@paceline/shared/contracts';
import { answerAcquire, hearAcquire } from './acquire.ts';
import { type BudgetState, budgetOf, type Ledger } from './budget.ts';
import { cancel } from './cancel.ts';
import { evolve } from './evolve.ts';
import { grantFree, type Offered, tidy } from './grant.ts';
import { settle } from './settle.ts';
import type { Settings } from './settings.ts';
import { start } from './start.ts';
import { demandOurs } from './superseded.ts';

/**
 * What the asks of one turn come to. The answers, in the order of the asks, may be given once the facts are in the
 * journal; offers and conflicts are told to whom they concern.
 */
export interface Turn {
  readonly answers: readonly Answer[];
  readonly facts: readonly Fact[];
  readonly offers: readonly Offered[];
  readonly conflicts: readonly Conflict[];
}

/** What a verb other than acquire comes to. */
export interface Decision {
  readonly answer: Answer;
  readonly facts: readonly Fact[];
}

/**
 * Decides the asks of one turn and takes their facts into the ledger. Everybody is heard before anybody is served, so
 * that the most urgent goes first and not who was heard first. The caller commits the facts before it passes the
 * answers on; when it can't, it throws the ledger away.
 * @throws {Superseded} when an ask shows that another limiter has taken over since
 */
export function takeTurn(ledger: Ledger, asks: readonly Ask[], now: number, settings: Settings): Turn {
  const facts: Fact[] = [];
  const joined = new Set<string>();
  const heard = asks.map((ask) => {
    const budget = budgetOf(ledger, ask.account, ask.endpoint);
    if (ask.do === 'acquire') {
      if (hearAcquire(budget, ask, now, settings)) joined.add(ask.ticket);
      return undefined;
    }
    const decision = decide(ledger, budget, ask, now, settings);
    for (const fact of decision.facts) evolve(ledger, fact, settings);
    facts.push(...decision.facts);
    return decision.answer;
  });
  const offers = serveAll(ledger, now, settings);
  const conflicts: Conflict[] = [];
  const answers = asks.map((ask, index) => {
    const decided = heard[index];
    if (decided || ask.do !== 'acquire') return decided as Answer;
    const { answer, conflict } = answerAcquire(ledger, ask, joined.has(ask.ticket), now, settings);
    if (conflict) conflicts.push(conflict);
    return answer;
  });
  const answered = new Set(asks.flatMap((ask) => (ask.do === 'acquire' ? [ask.ticket] : [])));
  return { answers, facts, offers: offers.filter(({ offer }) => !answered.has(offer.ticket)), conflicts };
}

function decide(
  ledger: Ledger,
  budget: BudgetState,
  ask: Exclude<Ask, { do: 'acquire' }>,
  now: number,
  settings: Settings,
): Decision {
  switch (ask.do) {
    case 'start':
      demandOurs(ledger, ask.permit);
      return start(ledger, budget, ask, now, settings);
    case 'settle':
      demandOurs(ledger, ask.permit);
      return settle(budget, ask, now, settings);
    case 'cancel':
      return cancel(budget, ask);
  }
}

/** Clears away who is gone, and gives what is free to those who are first in line. */
function serveAll(ledger: Ledger, now: number, settings: Settings): Offered[] {
  const offers: Offered[] = [];
  for (const budget of ledger.budgets.values()) {
    if (budget.queue.length === 0) continue;
    tidy(budget, now, settings);
    if (now >= ledger.quietUntil) offers.push(...grantFree(ledger, budget, now, settings));
  }
  return offers;
}
