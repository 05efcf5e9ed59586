import type { AskOf } from '@paceline/shared/contracts';
import type { BudgetState, Ledger } from './budget.ts';
import { findInterval } from './evolve.ts';
import type { Settings } from './settings.ts';
import type { Decision } from './turn.ts';
import { isPaused } from './window.ts';

/** The commit point: the call is booked before it is made. Asked again, it answers the same and books nothing more. */
export function start(
  ledger: Ledger,
  budget: BudgetState,
  ask: AskOf<'start'>,
  now: number,
  settings: Settings,
): Decision {
  const started = { answer: 'started', sendBy: settings.sendByReal } as const;
  if (findInterval(budget, ask.permit)) return { answer: started, facts: [] };
  const grant = budget.grants.get(ask.permit);
  if (!grant || grant.startBy <= now || isPaused(budget, now)) {
    budget.grants.delete(ask.permit);
    return { answer: { answer: 'expired' }, facts: [] };
  }
  noteWait(ledger, ask.account, now, Math.max(0, now - grant.firstAskedAt));
  const { account, endpoint, permit } = ask;
  const latestAt = now + settings.sendWithin + settings.callTimeout[endpoint] + settings.guard;
  const interval = { permit, lane: grant.lane, startedAt: now, latestAt, settled: false };
  return { answer: started, facts: [{ fact: 'started', account, endpoint, interval }] };
}

const hour = 3_600_000;

function noteWait(ledger: Ledger, account: string, at: number, waitedMs: number): void {
  const recent = (ledger.waits.get(account) ?? []).filter((wait) => wait.at > at - hour);
  ledger.waits.set(account, [...recent, { at, waitedMs }]);
}
