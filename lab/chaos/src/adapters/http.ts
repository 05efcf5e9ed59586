import { setTimeout as sleep } from 'node:timers/promises';
import { type Api as Client, createApi as createClient } from '@paceline/client';
import type { ApiAnswer } from '@paceline/kit/stack';
import type { Arrival, UpstreamFaultInput, Judgement } from '@paceline/sandbox';
import type { Policy } from '@paceline/shared/contracts';
import type { BudgetName } from '@paceline/shared/definition';
import { eventually } from '@paceline/shared/testing';

/** Paceline's HTTP API, with its processes in turn. */
export interface PacelineApi extends Pick<Client, 'call' | 'all'> {
  /** Repeats a request with one idempotency key until it is answered. @returns undefined after 25 s without an answer */
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Answer | undefined>;
}

type Answer = Pick<ApiAnswer, 'status' | 'body'>;

/** Real ms; long enough for the system to recover. */
const timeoutMs = 25_000;

/** An earlier request with the same key can still be in progress. */
const isFinal = (status: number, { type }: Answer['body']): boolean =>
  status < 500 && !String(type).includes('request-in-progress');

export function createApi(urls: readonly string[]): PacelineApi {
  let requests = 0;
  const next = () => urls[(requests += 1) % urls.length] ?? '';
  const client = () => createClient({ url: next(), timeoutMs: 10_000, retries: 0 });
  return {
    call: (...request) => client().call(...request),
    all: (...request) => client().all(...request),
    async send(method, path, body) {
      const headers = {
        ...(body && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
        ...(path === '/v1/schedule' && { 'if-match': '*' }),
      };
      const giveUp = performance.now() + timeoutMs;
      while (performance.now() < giveUp) {
        const answer = await fetch(`${next()}${path}`, {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(5_000),
        }).catch(() => undefined);
        const read = (await answer?.json().catch(() => undefined)) as Answer['body'] | undefined;
        if (answer && read && isFinal(answer.status, read)) return { status: answer.status, body: read };
        await sleep(200);
      }
      return undefined;
    },
  };
}

/** Only the foreign client requests this rider. */
export const foreignRider = 5_999_999;

/** The sandbox's control API. */
export function controlUpstream(root: string, key: string) {
  const control = async <T>(path: string, init: RequestInit = {}): Promise<T> => {
    const send = () => fetch(`${root}${path}`, { ...init, signal: AbortSignal.timeout(5_000) });
    // It can be restarting.
    const response = await eventually(send, { timeoutMs: 20_000 });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const send = async (path: string, body: object = {}, method = 'POST'): Promise<void> => {
    const headers = { 'content-type': 'application/json' };
    await control(path, { method, headers, body: JSON.stringify(body) });
  };
  return {
    arrivals: async (since: number): Promise<readonly Arrival[]> =>
      (await control<{ arrivals: Arrival[] }>(`/control/audit?since=${since}`)).arrivals,
    judgements: async () => (await control<{ judgements: Judgement[] }>('/control/judgement')).judgements,
    inflict: (fault: UpstreamFaultInput) => send('/control/faults', fault),
    cancelFaults: () => send('/control/faults', {}, 'DELETE'),
    /** `null` restores the tier's policy. */
    setPolicy: (budget: BudgetName, policy: Policy | null) => send('/control/policies', { [budget]: policy }),
    /** A call with our key by another client, recognizable by its rider. */
    async callAsForeignClient() {
      await fetch(`${root}/api/public/riders/${foreignRider}`, { headers: { authorization: key } });
    },
  };
}
