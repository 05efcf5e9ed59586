import type { Policy } from '../budgets.ts';

/** What a limiter says to one arrival. */
export interface Decision {
  readonly accepted: boolean;
  /** Calls that are left after this one. */
  readonly remaining: number;
  /** Project ms at which a call that is rejected now would find room. */
  readonly resetAt: number;
}

/** One way to count calls against a policy: a pure step from what was counted to what is counted now. */
export interface Rule<State> {
  /** Nothing counted yet. */
  readonly fresh: State;
  /** @param now project ms of the arrival, never before the one before it */
  arrive(state: State, policy: Policy, now: number): { state: State; decision: Decision };
}
