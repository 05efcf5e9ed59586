import type { AskOf, Fact } from '@paceline/shared/contracts';
import { type BudgetState, policyOf } from './budget.ts';
import { findInterval } from './evolve.ts';
import type { Settings } from './settings.ts';
import type { Decision } from './turn.ts';
import { isPaused } from './window.ts';

/**
 * Books how a call ended. An answered call arrived before now, so the window counts from now; one without an answer
 * may still arrive for a while; none arrives later than was assumed at its start. Asked again, it changes nothing.
 */
export function settle(budget: BudgetState, ask: AskOf<'settle'>, now: number, settings: Settings): Decision {
  const interval = findInterval(budget, ask.permit);
  const { account, endpoint, permit, outcome } = ask;
  const settled = (facts: Fact[] = []): Decision => ({ answer: { answer: 'settled' }, facts });
  const lessons = outcome.status === 429 ? afterRejection(budget, ask, now, settings) : [];
  // A call that long ago counts no more, but what upstream said to it still does.
  if (!interval) return settled(lessons);
  if (interval.settled) return settled();
  if (outcome.result === 'not_sent')
    return settled([{ fact: 'returned', account, endpoint, permit, at: now }]);
  const arrivedBy = outcome.result === 'answered' ? now : now + settings.guard;
  const latestAt = Math.min(interval.latestAt, arrivedBy);
  return settled([{ fact: 'settled', account, endpoint, permit, latestAt, outcome, at: now }, ...lessons]);
}

const quarterHour = 900_000;
/** No limit of any upstream is longer: a moment further away is a mistake in an answer. */
const day = 86_400_000;

/** Upstream said no: the budget closes for everybody until the moment it named, and its policy is taken over. */
function afterRejection(
  budget: BudgetState,
  { account, endpoint, outcome }: AskOf<'settle'>,
  now: number,
  settings: Settings,
): Fact[] {
  // Calls that were rejected together have failed once.
  const failures = budget.record.failures + (isPaused(budget, now) ? 0 : 1);
  const pause = Math.min(
    outcome.retryAfterMs ?? unnamedPause(budget, outcome.learned, failures, settings),
    day,
  );
  const until = Math.ceil(now + pause + settings.epsilon);
  const facts: Fact[] = [{ fact: 'paused', account, endpoint, at: now, until, failures }];
  if (outcome.learned) facts.push({ fact: 'learned', account, endpoint, policy: outcome.learned });
  return facts;
}

/** Grows with every failure. A window longer than was known may hold calls that are forgotten here: it is waited out. */
function unnamedPause(
  budget: BudgetState,
  learned: AskOf<'settle'>['outcome']['learned'],
  failures: number,
  settings: Settings,
): number {
  const longer = learned && learned.windowMs > policyOf(budget, settings).windowMs ? learned.windowMs : 0;
  return Math.max(longer, Math.min(quarterHour, 1_000 * 2 ** failures));
}
