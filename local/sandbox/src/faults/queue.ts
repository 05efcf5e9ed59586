import type { Budget } from '../budgets.ts';
import type { Fault } from './fault.ts';

/** Faults that still wait for a request to befall, oldest first. */
export interface FaultQueue {
  add(fault: Fault): void;
  /** The fault that befalls this request, if any, which is then used up once. */
  take(budget: Budget | null): Fault | undefined;
  /** Like `take`, for the one fault that strikes before the key is even looked at. */
  takeHostGone(budget: Budget | null): Fault | undefined;
  waiting(): readonly Fault[];
  clear(): void;
}

export function createFaultQueue(): FaultQueue {
  let queue: Fault[] = [];

  const takeFirst = (matches: (fault: Fault) => boolean): Fault | undefined => {
    const taken = queue.find(matches);
    queue = queue
      .map((each) => (each === taken ? { ...each, times: each.times - 1 } : each))
      .filter(({ times }) => times > 0);
    return taken;
  };
  const strikes = (fault: Fault, budget: Budget | null) =>
    fault.budget === undefined || fault.budget === budget;

  return {
    add: (fault) => void queue.push(fault),
    take: (budget) => takeFirst((fault) => fault.kind !== 'host-gone' && strikes(fault, budget)),
    takeHostGone: (budget) => takeFirst((fault) => fault.kind === 'host-gone' && strikes(fault, budget)),
    waiting: () => queue,
    clear: () => {
      queue = [];
    },
  };
}
