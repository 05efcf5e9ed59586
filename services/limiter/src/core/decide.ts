import type { Ask } from '@paceline/shared/contracts';
import { acquire } from './acquire.ts';
import { budgetOf, type Ledger } from './budget.ts';
import { cancel } from './cancel.ts';
import type { Decision } from './decision.ts';
import { evolve } from './evolve.ts';
import { grantFree } from './grant.ts';
import { settle } from './settle.ts';
import type { Settings } from './settings.ts';
import { start } from './start.ts';

/**
 * Decides one ask and takes its facts into the ledger. What the ask has freed goes to those who wait.
 * The caller commits the facts before it passes the answer on; when it can't, it throws the ledger away.
 */
export function decide(ledger: Ledger, ask: Ask, now: number, settings: Settings): Decision {
  const decision = decideVerb(ledger, ask, now, settings);
  for (const fact of decision.facts) evolve(ledger, fact, settings);
  const freed =
    ask.do === 'acquire' ? [] : grantFree(ledger, budgetOf(ledger, ask.account, ask.endpoint), now, settings);
  return { ...decision, offers: [...decision.offers, ...freed] };
}

function decideVerb(ledger: Ledger, ask: Ask, now: number, settings: Settings): Decision {
  switch (ask.do) {
    case 'acquire':
      return acquire(ledger, ask, now, settings);
    case 'start':
      return start(ledger, ask, now, settings);
    case 'settle':
      return settle(ledger, ask, now, settings);
    case 'cancel':
      return cancel(ledger, ask);
  }
}
