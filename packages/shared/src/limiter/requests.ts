import { type Clock, pause } from '../clock/index.ts';
import { catalog, type PermitReply, type PermitRequest, type PermitRequestOf } from '../contracts/index.ts';
import { type Bus, subscribe } from '../messaging/index.ts';
import { currentTraceContext } from '../telemetry/index.ts';
import { partitionOf } from './account.ts';
import { createRequester } from './requester.ts';

/** The requests of holders that are not in this process: it keeps nothing of them beyond a request. */
export interface PermitRequests {
  /** Asks again, as a heartbeat, until there is a permit or a refusal, or `signal` aborts. @returns the last reply */
  acquire(
    request: Omit<PermitRequestOf<'acquire'>, 'offerTo' | 'trace'>,
    signal: AbortSignal,
  ): Promise<PermitReply>;
  /** @returns the reply; `unavailable` when none arrives */
  send(request: Exclude<PermitRequest, { do: 'acquire' }>): Promise<PermitReply>;
}

/** Real ms before a request without a reply is repeated. */
const retryAfter = 250;

/** For as long as the connection lives. */
export function permitRequests(bus: Bus, clock: Clock, account: string): PermitRequests {
  const client = crypto.randomUUID();
  const partition = partitionOf(account);
  const requester = createRequester(bus, partition);
  const waiting = new Map<string, () => void>();
  subscribe(bus, catalog.offer, { client }, ({ ticket }) => waiting.get(ticket)?.());
  // Repeated immediately, so that a new owner knows every request before it grants the first permit.
  subscribe(bus, catalog.partitionClaimed, { partition }, () => {
    requester.abandon();
    for (const wake of waiting.values()) wake();
  });
  return {
    async acquire(request, signal) {
      for (;;) {
        const reply = await requester.request({ ...request, offerTo: client, trace: currentTraceContext() });
        const isOpen = reply.answer === 'waiting' || reply.answer === 'unavailable';
        if (!isOpen || signal.aborted) return reply;
        const woken = new AbortController();
        waiting.set(request.ticket, () => woken.abort());
        const until = AbortSignal.any([signal, woken.signal]);
        const retryIn = reply.answer === 'waiting' ? reply.retryIn : retryAfter;
        await pause(clock.machine, retryIn, until).catch(() => undefined);
        waiting.delete(request.ticket);
        if (signal.aborted) return reply;
      }
    },
    send: (request) => requester.request(request),
  };
}
