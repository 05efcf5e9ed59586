import { z } from 'zod';
import type { PolicyChanges, PolicyOverrides } from './budgets.ts';
import type { Enforcement } from './enforcement/counter.ts';
import type { Limiter } from './enforcement/limiter.ts';
import { fault, type Fault, type FaultOrder } from './faults/fault.ts';
import type { FaultQueue } from './faults/queue.ts';

/** REAL ms that pass, evenly drawn from this range, between a request's coming in and its "arrival". */
export const jitter = z
  .strictObject({ minMs: z.number().nonnegative(), maxMs: z.number().nonnegative() })
  .refine(({ minMs, maxMs }) => minMs <= maxMs, 'minMs must not be above maxMs');
export type Jitter = z.output<typeof jitter>;

/** What can be changed about upstream while it runs. */
export interface Controls {
  /** The next `times` matching requests go wrong in this way. */
  injectFault(order: FaultOrder): readonly Fault[];
  faultsWaiting(): readonly Fault[];
  clearFaults(): void;
  changePolicies(changes: PolicyChanges): PolicyOverrides;
  enforce(enforcement: Enforcement): void;
  setJitter(jitter: Jitter): void;
  jitter(): Jitter;
  /** Upstream restarts: it forgets what it counted. */
  restart(): void;
}

export function createControls(limiter: Limiter, faults: FaultQueue, firstJitter: Jitter): Controls {
  let current = firstJitter;
  return {
    injectFault(order) {
      faults.add(fault.parse(order));
      return faults.waiting();
    },
    faultsWaiting: faults.waiting,
    clearFaults: faults.clear,
    changePolicies: limiter.changePolicies,
    enforce: limiter.enforce,
    setJitter(next) {
      current = next;
    },
    jitter: () => current,
    restart: limiter.restart,
  };
}
