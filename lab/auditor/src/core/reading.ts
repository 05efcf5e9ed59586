import type { FactOf, Policy } from '@paceline/shared/contracts';
import { type Breach, breach, type Finding, type BudgetPlace, remark, when } from './findings.ts';
import { type BudgetHistory, type StartedCall, freshBudget, type Rules, type Span } from './history.ts';

/** How far a journal has been read, and what it has told so far. */
export class Reading {
  readonly rules: Rules;
  /** What came before the first entry was cut off. */
  readonly trimmed: boolean;
  readonly budgets = new Map<string, BudgetHistory>();
  readonly findings: Finding[] = [];
  readonly spans: Span[] = [];
  readonly claims = new Set<number>();
  /** The claim in force: the epoch of every permit that may be started. Unknown until the first one is seen. */
  claim: number | undefined;
  /** The entry that is being read. */
  sequence = 0;
  /** The ledger's time, and how far it lay behind the project's when the entry was stored, ms; 0: not known. */
  now = 0;
  lag = 0;
  timeline = 0;
  /** Everything of weight is known by now. Until then nothing is held against anybody. */
  complete: boolean;
  lostAt: number | undefined;

  constructor(rules: Rules, trimmed: boolean) {
    this.rules = rules;
    this.trimmed = trimmed;
    this.complete = !trimmed;
  }
}

export function blame(reading: Reading, kind: Breach, says: string, place?: BudgetPlace): void {
  const { sequence } = reading;
  if (reading.complete) reading.findings.push(breach(kind, says, { sequence, ...(place && { place }) }));
}

/** The budget of a fact; one that was not heard of before keeps what is documented. */
export function budgetOf({ budgets, rules }: Reading, { account, endpoint }: BudgetPlace): BudgetHistory {
  const key = `${account}/${endpoint}`;
  const budget = budgets.get(key) ?? freshBudget({ account, endpoint }, rules);
  budgets.set(key, budget);
  return budget;
}

/** Notes a started call in its budget. @param known what is known of it beside its interval */
export function book(
  reading: Reading,
  budget: BudgetHistory,
  { permit, lane, startedAt, arrivesBy }: Interval,
  known: Partial<StartedCall>,
): void {
  const call: StartedCall = {
    permit,
    lane,
    startedAt,
    arrivesBy,
    lag: reading.lag,
    end: 'open',
    outcome: undefined,
    sequence: reading.sequence,
    order: budget.calls.length,
    timeline: reading.timeline,
    policy: budget.policy,
    strictFrom: budget.strictFrom,
    invited: budget.probing,
    judged: reading.complete,
    requestedAt: undefined,
    firstEstimate: undefined,
    ...known,
  };
  budget.calls.push(call);
  budget.byPermit.set(permit, call);
}

type Interval = FactOf<'started'>['interval'];

/** A permit's id begins with the epoch of the claim that it was granted under. */
export const epochOf = (permit: string): number => Number(/^(\d+)-/.exec(permit)?.[1] ?? Number.NaN);

/** Whether a permit may have been started in a part of the journal that is gone. */
export const isFromBefore = ({ claims, trimmed, lostAt }: Reading, permit: string): boolean =>
  (trimmed || lostAt !== undefined) && !claims.has(epochOf(permit));

export const isSame = (one: Policy, other: Policy): boolean =>
  one.limit === other.limit && one.windowMs === other.windowMs;

export const isCounted = (
  { arrivesBy, end }: { arrivesBy: number; end: string },
  policy: Policy,
  at: number,
) => end !== 'returned' && arrivesBy + policy.windowMs > at;

/** Time goes on to `at`. It may go back at a claim alone, when by then no call counts and no pause lasts any more. */
export function passTo(reading: Reading, at: number, atClaim: boolean): void {
  if (at < reading.now) {
    const back = `time goes back from ${when(reading.now)} to ${when(at)}`;
    if (!atClaim) {
      blame(reading, 'time_went_back', `Under one and the same owner ${back}.`);
      return;
    }
    if (anythingWeighs(reading)) {
      blame(reading, 'time_went_back', `At a claim ${back} while calls still count.`);
      return;
    }
    reading.timeline += 1;
    for (const { pausedUntil } of reading.budgets.values()) {
      pausedUntil.upstream = 0;
      pausedUntil.operator = 0;
    }
    reading.lostAt = undefined;
    const says = `The broker's clock was set: ${back}, when no call counted any more. What follows is judged by itself.`;
    reading.findings.push(remark('clock_set_back', says, { sequence: reading.sequence }));
  }
  reading.now = at;
  if (!reading.complete) return;
  const span = reading.spans.at(-1);
  if (span?.timeline === reading.timeline) span.to = at;
  else reading.spans.push({ timeline: reading.timeline, from: at, to: at });
}

function anythingWeighs({ budgets, now, timeline, lostAt, rules }: Reading): boolean {
  const longest = Math.max(...Object.values(rules.documented).map(({ windowMs }) => windowMs));
  if (lostAt !== undefined && lostAt + longest > now) return true;
  return [...budgets.values()].some(
    ({ calls, policy, pausedUntil }) =>
      pausedUntil.upstream > now ||
      pausedUntil.operator > now ||
      calls.some((call) => call.timeline === timeline && isCounted(call, policy, now)),
  );
}
