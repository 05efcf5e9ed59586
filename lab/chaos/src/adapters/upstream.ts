import type { Arrival, FaultOrder, Judgement, Policy } from '@paceline/sandbox';
import type { Budget } from '@paceline/shared/definition';
import { eventually } from '@paceline/shared/testing';

/** The sandbox, from the side from which it is controlled. */
export interface Upstream {
  arrivals(since: number): Promise<readonly Arrival[]>;
  judgements(): Promise<readonly Judgement[]>;
  befall(order: FaultOrder): Promise<void>;
  callOff(): Promise<void>;
  /** `null` gives the tier's policy back. */
  setPolicy(budget: Budget, policy: Policy | null): Promise<void>;
  forgetCounts(): Promise<void>;
  /** Somebody else calls with our key, who is to be told by the rider that is asked for. */
  callAsStranger(): Promise<void>;
}

/** Whom only the stranger asks for. */
export const strangersRider = 5_999_999;

export function controlUpstream(root: string, key: string): Upstream {
  const ask = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const send = () => fetch(`${root}${path}`, { ...init, signal: AbortSignal.timeout(5_000) });
    // It may just be starting again.
    const response = await eventually(send, { timeoutMs: 20_000 });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const tell = async (path: string, body: object = {}, method = 'POST'): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    await ask(path, { method, headers, body: JSON.stringify(body) });
  };
  return {
    arrivals: async (since) => (await ask<{ arrivals: Arrival[] }>(`/control/audit?since=${since}`)).arrivals,
    judgements: async () => (await ask<{ judgements: Judgement[] }>('/control/judgement')).judgements,
    befall: (order) => tell('/control/faults', order),
    callOff: () => tell('/control/faults', {}, 'DELETE'),
    setPolicy: (budget, policy) => tell('/control/policies', { [budget]: policy }),
    forgetCounts: () => tell('/control/restart'),
    async callAsStranger() {
      await fetch(`${root}/api/public/riders/${strangersRider}`, { headers: { authorization: key } });
    },
  };
}
