import type { Budget } from '../definition/index.ts';
import type { Machine } from '../clock/index.ts';
import type { Outcome } from '../contracts/index.ts';
import { type Permit, PermitSpent } from './permit.ts';

/** A permit with the end of its time to be sent, and what became of it. */
export interface StartedPermit<Endpoint extends Budget> {
  readonly permit: Permit<Endpoint>;
  /** Settles what the caller left open: a call that was never sent is given back. */
  finish(): void;
}

/**
 * @param sendBy the moment of `machine.elapsed()` after which it is too late to send
 * @param report called once with how it ended
 */
export function startedPermit<Endpoint extends Budget>(
  id: string,
  endpoint: Endpoint,
  sendBy: number,
  machine: Machine,
  report: (outcome: Outcome) => void,
): StartedPermit<Endpoint> {
  let used = false;
  let settled = false;
  const settle = (outcome: Outcome) => {
    if (settled) return;
    settled = true;
    // Whoever has sent can't take it back.
    report(outcome.result === 'not_sent' && used ? { ...outcome, result: 'unanswered' } : outcome);
  };
  const permit = {
    id,
    endpoint,
    use() {
      if (used || settled) throw new PermitSpent(`The permit ${id} was used before`);
      if (machine.elapsed() >= sendBy) throw new PermitSpent(`It is too late to send with the permit ${id}`);
      used = true;
    },
    settle,
  };
  return {
    // The one place where a permit comes into being: its brand exists for the compiler only.
    permit: permit as unknown as Permit<Endpoint>,
    finish: () => settle({ result: used ? 'unanswered' : 'not_sent' }),
  };
}
