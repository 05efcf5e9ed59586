import type { Agenda } from '@paceline/kit/agenda';
import { type Arrival, createLimiter, draw, latencyOf, tooManyRequestsBody } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';
import { type Budget, type Lane, limitsOf } from '@paceline/shared/definition';
import { readRateLimited } from '@paceline/shared/zwiftracing';
import type { Network } from './network.ts';
import { hear, type Script } from './script.ts';
import type { Scenario } from '../scenario.ts';

/** What a call came to. `arrivedAt`: the moment of which the answer tells. */
export type UpstreamAnswer =
  | { readonly status: 200; readonly arrivedAt: number }
  | { readonly status: 503 }
  | {
      readonly status: 429;
      readonly retryAfterMs: number;
      readonly learned: Policy | undefined;
    };
export type CallResponse = UpstreamAnswer | { readonly status: 'timed out' };

/** One call, by whom and for what. */
export interface SentCall {
  readonly budget: Budget;
  readonly lane: Lane;
  readonly target: string;
}

/** The sandbox, on the agenda: the same limiter, the same slowness, the same log of what arrived. */
export interface Upstream {
  /** Calls, and waits for the answer for `timeoutMs` at the most. */
  call(call: SentCall, timeoutMs: number): Script<CallResponse>;
  /** What is really enforced. */
  readonly policies: Readonly<Record<Budget, Policy>>;
  readonly arrivals: readonly Arrival[];
  /** For each arrival: in which lane it was called, and when it was sent. */
  readonly sent: ReadonlyArray<{ readonly lane: Lane; readonly at: number }>;
}

/** Long: its small functions share the counts of calls and the log of arrivals. */
export function createUpstream(
  { seed, tier, upstream: { enforcement, policies }, faults }: Scenario,
  agenda: Agenda,
  network: Network,
): Upstream {
  const limiter = createLimiter(enforcement, policies);
  const account = { key: 'team', tier };
  const arrivals: Arrival[] = [];
  const sent: Array<{ lane: Lane; at: number }> = [];
  const counts = new Map<Budget, number>();

  function count(budget: Budget): number {
    const nth = (counts.get(budget) ?? 0) + 1;
    counts.set(budget, nth);
    return nth;
  }

  function arrive(
    { budget, lane, target }: SentCall,
    nth: number,
    sentAt: number,
  ): { after: number; answer?: UpstreamAnswer } {
    const arrivedAt = agenda.now();
    const { decision, policy } = limiter.arrive(account, budget, arrivedAt);
    const verdict = decision.accepted ? 'accepted' : 'rejected';
    const seq = arrivals.length + 1;
    arrivals.push({
      seq,
      arrivedAt,
      key: account.key,
      budget,
      policy,
      method: 'GET',
      path: target,
      verdict,
    });
    sent.push({ lane, at: sentAt });
    if (!decision.accepted) {
      const body = JSON.stringify(tooManyRequestsBody(policy, decision, arrivedAt));
      const { retryAfterMs = policy.windowMs, learned } = readRateLimited(body, new Headers(), arrivedAt);
      return { after: 0, answer: { status: 429, retryAfterMs, learned } };
    }
    const after = latencyOf(seed, budget, nth);
    if (draw(seed, `hangs ${budget}`, nth) < faults.hangs) return { after };
    const fails = draw(seed, `fails ${budget}`, nth) < faults.serverErrors;
    return { after, answer: fails ? { status: 503 } : { status: 200, arrivedAt } };
  }

  return {
    policies: { ...limitsOf(tier), ...policies },
    arrivals,
    sent,
    call: (call, timeoutMs) =>
      hear<CallResponse>((wake) => {
        const nth = count(call.budget);
        const sentAt = agenda.now();
        let over = false;
        const end = (response: CallResponse) => {
          if (!over) wake(response);
          over = true;
        };
        agenda.in(network.upstream('to', call.budget, nth), () => {
          const { after, answer } = arrive(call, nth, sentAt);
          if (answer) agenda.in(after + network.upstream('from', call.budget, nth), () => end(answer));
        });
        agenda.in(timeoutMs, () => end({ status: 'timed out' }));
      }),
  };
}
