import type { AskOf, FactOf } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { findInterval } from './evolve.ts';
import { worstCall } from './ledger.ts';
import type { Settings } from './settings.ts';
import type { Decision } from './turn.ts';
import { isPaused } from './window.ts';

/** The commit point: the call is booked before it is made. Asked again, it answers the same and books nothing more. */
export function start(budget: BudgetState, ask: AskOf<'start'>, now: number, settings: Settings): Decision {
  const started = { answer: 'started', permit: ask.permit, sendBy: settings.sendByReal } as const;
  if (findInterval(budget, ask.permit)) return { answer: started, facts: [] };
  const grant = budget.grants.find(({ permit }) => permit === ask.permit);
  if (!grant || grant.startBy <= now || isPaused(budget, now)) {
    budget.grants = budget.grants.filter((each) => each !== grant);
    return { answer: { answer: 'expired' }, facts: [] };
  }
  const { account, endpoint, permit } = ask;
  const { lane, firstAskedAt, promisedAt = null } = grant;
  const latestAt = now + worstCall(endpoint, settings);
  const interval = { permit, lane, startedAt: now, latestAt, settled: false };
  const fact: FactOf<'started'> = { fact: 'started', account, endpoint, interval, firstAskedAt, promisedAt };
  return { answer: started, facts: [fact] };
}
