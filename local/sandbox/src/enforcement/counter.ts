import type { Policy } from '../budgets.ts';
import { clockAligned, firstHit } from './fixed-window.ts';
import type { Decision, Rule } from './rule.ts';
import { sliding, slidingCountingRejects } from './sliding-log.ts';

/** The count of one key's calls on one budget. */
export type Counter = (policy: Policy, now: number) => Decision;

function counterOf<State>({ fresh, arrive }: Rule<State>): Counter {
  let state = fresh;
  return (policy, now) => {
    const next = arrive(state, policy, now);
    state = next.state;
    return next.decision;
  };
}

export const enforcements = ['first-hit', 'sliding', 'sliding-counting-rejects', 'clock-aligned'] as const;
/** How a policy's numbers are meant; nobody outside can tell which one upstream uses. */
export type Enforcement = (typeof enforcements)[number];

const newCounter: Record<Enforcement, () => Counter> = {
  'first-hit': () => counterOf(firstHit),
  sliding: () => counterOf(sliding),
  'sliding-counting-rejects': () => counterOf(slidingCountingRejects),
  'clock-aligned': () => counterOf(clockAligned),
};

/** A counter that has seen nothing yet. */
export const createCounter = (enforcement: Enforcement): Counter => newCounter[enforcement]();
