import type { Agenda } from '@paceline/kit/agenda';
import {
  type Arrival,
  between,
  createLimiter,
  draw,
  type Enforcement,
  latencyOf,
  type SandboxLimiter,
  sequence,
  tooManyRequestsBody,
} from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';
import { type BudgetName, type Lane } from '@paceline/shared/definition';
import { limitsOf } from '@paceline/shared/upstreams';
import { readLimits } from '@paceline/shared/upstreams/limits';
import { waitFor, once, type Script } from '@paceline/kit/script';
import { midnightsOf, type Scenario } from '../scenario.ts';

/** `arrivedAt`: when upstream read the data of the response. */
type UpstreamResponse =
  | { readonly status: 200; readonly arrivedAt: number }
  | { readonly status: 503 }
  | { readonly status: 429; readonly retryAfterMs: number; readonly learned: Policy | undefined };
type CallResponse = UpstreamResponse | { readonly status: 'timed out' };

interface SimulatedCall {
  readonly budget: BudgetName;
  readonly lane: Lane;
  readonly target: string;
}

/** Message latencies, project ms. */
export function createNetwork({ seed, scale, jitter }: Scenario) {
  const { brokerMs, upstreamMs, outliers, outlierMs } = jitter;
  const next = sequence(seed, 'broker');
  return {
    /** Latency of the next broker message. */
    broker: () => between(next(), 0, brokerMs) * scale,
    /** Latency of a budget's n-th call or its response; the same for every strategy. */
    upstream(leg: 'to' | 'from', budget: BudgetName, nth: number): number {
      const isOutlier = draw(seed, `outlier ${leg} ${budget}`, nth) < outliers;
      const base = between(draw(seed, `jitter ${leg} ${budget}`, nth), 0, upstreamMs);
      const extra = isOutlier ? between(draw(seed, `late ${leg} ${budget}`, nth), 0, outlierMs) : 0;
      return (base + extra) * scale;
    },
  };
}

export type Network = ReturnType<typeof createNetwork>;

/**
 * The sandbox on virtual time: the same limiter, latency and audit log.
 * One long function, because its parts share the call counts and the log.
 */
export function createUpstream(scenario: Scenario, agenda: Agenda, network: Network) {
  const { seed, tier, upstream, definition } = scenario;
  const { enforcement, policies } = upstream;
  const limiter = createLimiter(definition.budgets, enforcement, policies);
  const faults = followFaults(scenario, agenda, limiter);
  const account = { key: 'team', tier };
  const arrivals: Arrival[] = [];
  /** Lane and send time of each arrival. */
  const sent: Array<{ readonly lane: Lane; readonly at: number }> = [];
  const counts = new Map<BudgetName, number>();

  function arrive(
    { budget, lane, target }: SimulatedCall,
    nth: number,
    sentAt: number,
  ): { after: number; answer?: UpstreamResponse } {
    const arrivedAt = agenda.now();
    const { decision, policy } = limiter.arrive(account, budget, arrivedAt);
    const verdict = decision.accepted ? 'accepted' : 'rejected';
    const seq = arrivals.length + 1;
    const { key } = account;
    arrivals.push({ seq, arrivedAt, key, budget, policy, method: 'GET', path: target, verdict });
    sent.push({ lane, at: sentAt });
    if (!decision.accepted) {
      const body = JSON.stringify(tooManyRequestsBody(policy, decision, arrivedAt));
      const limits = readLimits(definition.dialect, 429, new Headers(), body, arrivedAt);
      const { retryAfterMs = policy.windowMs, learned } = limits;
      return { after: 0, answer: { status: 429, retryAfterMs, learned } };
    }
    const after = latencyOf(seed, budget, nth);
    if (draw(seed, `hangs ${budget}`, nth) < faults.now().hangs) return { after };
    const fails = draw(seed, `fails ${budget}`, nth) < faults.now().serverErrors;
    return { after, answer: fails ? { status: 503 } : { status: 200, arrivedAt } };
  }

  return {
    /** Enforced policies. */
    policies: { ...limitsOf(definition.budgets, tier), ...policies },
    arrivals,
    sent,
    /** Makes a call and waits for its response, at most `timeoutMs`. */
    call: (call: SimulatedCall, timeoutMs: number): Script<CallResponse> =>
      waitFor<CallResponse>((wake) => {
        const nth = (counts.get(call.budget) ?? 0) + 1;
        counts.set(call.budget, nth);
        const sentAt = agenda.now();
        const end = once(wake);
        agenda.in(network.upstream('to', call.budget, nth), () => {
          const { after, answer } = arrive(call, nth, sentAt);
          if (answer) agenda.in(after + network.upstream('from', call.budget, nth), () => end(answer));
        });
        agenda.in(timeoutMs, () => end({ status: 'timed out' }));
      }),
  };
}

/** The shares of calls that fail now. At its times of day, upstream's limiter counts differently and forgets calls. */
function followFaults(scenario: Scenario, agenda: Agenda, limiter: SandboxLimiter) {
  const { faults, upstream } = scenario;
  let shares: Pick<Scenario['faults'], 'serverErrors' | 'hangs'> = faults;
  const enforce = (enforcement: Enforcement | undefined) => enforcement && limiter.enforce(enforcement);
  for (const midnight of midnightsOf(scenario)) {
    const at = (timeOfDay: number, run: () => void) => agenda.in(midnight + timeOfDay - agenda.now(), run);
    for (const span of faults.daily) {
      const { from, until, enforcement, forgetsEvery = Infinity } = span;
      at(from, () => {
        shares = span;
        enforce(enforcement);
      });
      for (let time = from + forgetsEvery; time < until; time += forgetsEvery) at(time, limiter.restart);
      at(until, () => {
        shares = faults;
        enforce(enforcement && upstream.enforcement);
      });
    }
  }
  return { now: () => shares };
}
