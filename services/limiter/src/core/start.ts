import type { AskOf } from '@paceline/shared/contracts';
import { budgetOf, type Ledger } from './budget.ts';
import { answered, type Decision } from './decision.ts';
import { findInterval } from './evolve.ts';
import type { Settings } from './settings.ts';

/** The commit point: the call is booked before it is made. Asked again, it answers the same and books nothing more. */
export function start(ledger: Ledger, ask: AskOf<'start'>, now: number, settings: Settings): Decision {
  const budget = budgetOf(ledger, ask.account, ask.endpoint);
  const sendBy = settings.sendByReal;
  if (findInterval(budget, ask.permit)) return answered({ answer: 'started', sendBy });
  const grant = budget.grants.get(ask.permit);
  const { pausedUntil } = budget.record;
  if (!grant || grant.startBy <= now || (pausedUntil !== null && pausedUntil > now)) {
    budget.grants.delete(ask.permit);
    return answered({ answer: 'expired' });
  }
  noteWait(ledger, ask.account, now, Math.max(0, now - grant.firstAskedAt));
  const { account, endpoint, permit } = ask;
  const latestAt = now + settings.sendWithin + settings.callTimeout[endpoint] + settings.guard;
  const interval = { permit, lane: grant.lane, startedAt: now, latestAt, settled: false };
  return answered(
    { answer: 'started', sendBy },
    { facts: [{ fact: 'started', account, endpoint, interval }] },
  );
}

const hour = 3_600_000;

function noteWait(ledger: Ledger, account: string, at: number, waitedMs: number): void {
  const recent = (ledger.waits.get(account) ?? []).filter((wait) => wait.at > at - hour);
  ledger.waits.set(account, [...recent, { at, waitedMs }]);
}
