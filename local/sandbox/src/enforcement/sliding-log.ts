import type { Rule } from './rule.ts';

type Log = readonly number[];

/**
 * Never more than N calls in any interval of length W: the strictest reading of a limit.
 * @param countRejects whether a rejected call takes a place in the log too, so that hammering never gets through
 */
function slidingLog(countRejects: boolean): Rule<Log> {
  return {
    fresh: [],
    arrive(log, { limit, windowMs }, now) {
      const inWindow = log.filter((moment) => moment > now - windowMs);
      const accepted = inWindow.length < limit;
      const state = accepted || countRejects ? [...inWindow, now] : inWindow;
      const leavesNext = state.at(-limit) ?? state[0] ?? now;
      const remaining = Math.max(0, limit - state.length);
      return { state, decision: { accepted, remaining, resetAt: leavesNext + windowMs } };
    },
  };
}

export const sliding = slidingLog(false);
export const slidingCountingRejects = slidingLog(true);
