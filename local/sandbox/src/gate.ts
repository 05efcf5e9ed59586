import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Clock } from '@paceline/shared/clock';
import type { Policy } from '@paceline/shared/contracts';
import type { BudgetName } from '@paceline/shared/definition';
import type { Context } from 'hono';
import { z } from 'zod';
import { type Arrival, type AuditLog, keyName } from './audit.ts';
import {
  type Account,
  latencyOf,
  type LimitDecision,
  type SandboxLimiter,
  rateLimitHeaders,
  secondsUntil,
  tooManyRequestsBody,
} from './limiter.ts';
import { type Dialect, nameWait } from './dialect.ts';
import { breakResponse, type UpstreamFault, type FaultQueue, hostGone } from './faults.ts';
import { between, sequence } from './random.ts';

/** A uniformly random delay in real ms before a received request counts as arrived. */
export const jitter = z
  .strictObject({ minMs: z.number().nonnegative(), maxMs: z.number().nonnegative() })
  .refine(({ minMs, maxMs }) => minMs <= maxMs, 'minMs must be at most maxMs');
export type Jitter = z.output<typeof jitter>;

export type HttpContext = Context<{ Bindings: HttpBindings }>;
/** Returns upstream's response to a request that arrived at `at` (project ms). */
export type UpstreamHandler = (c: HttpContext, at: number) => Response | Promise<Response>;
/** Puts an endpoint behind a budget's limit; `null`: no limit, for unknown paths. */
export type Gate = (
  budget: BudgetName | null,
  endpoint: UpstreamHandler,
) => (c: HttpContext) => Promise<Response>;

export interface GateParts {
  readonly clock: Clock;
  readonly seed: number;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly limiter: SandboxLimiter;
  readonly faults: FaultQueue;
  readonly audit: AuditLog;
  readonly jitter: () => Jitter;
  readonly dialect: () => Dialect;
  readonly sendsHeaders: boolean;
  readonly hasLatency: boolean;
  readonly closing: AbortSignal;
}

type ReceivedRequest = Pick<Arrival, 'arrivedAt' | 'key' | 'budget' | 'policy' | 'method' | 'path'>;

// Nothing awaits between reading the clock and writing the audit line, so the log has the limiter's order.
export function createGate(parts: GateParts): Gate {
  const { clock, seed, accounts, limiter, faults, audit, closing } = parts;
  const jitterDraws = sequence(seed, 'jitter');

  /** Skips the clock for zero ms: a virtual clock would have to be advanced. */
  const pause = async (ms: number, signal: AbortSignal) => {
    if (ms > 0) await clock.sleep(ms, signal);
  };

  const answered = ({ seq }: Arrival, response: Response): Response => {
    audit.answered(seq, { status: response.status, answeredAt: clock.now() });
    return response;
  };

  const serve = async (
    c: HttpContext,
    arrival: Arrival,
    endpoint: UpstreamHandler,
    fault?: UpstreamFault,
  ) => {
    // A caller that aborts ends the wait; its call stays counted.
    const abandoned = AbortSignal.any([c.req.raw.signal, closing]);
    if (fault?.kind === 'hang') return untilAborted(abandoned);
    const latency = parts.hasLatency && arrival.budget ? latencyOf(seed, arrival.budget, arrival.seq) : 0;
    await pause(latency + (fault?.kind === 'delay' ? fault.ms : 0), abandoned);
    if (fault?.kind === 'reset') {
      c.env.incoming.socket.resetAndDestroy();
      return RESPONSE_ALREADY_SENT;
    }
    const response = await endpoint(c, arrival.arrivedAt);
    if (!fault) return answered(arrival, response);
    const { retryAfter } = fault;
    const wait =
      retryAfter === undefined ? undefined : nameWait(parts.dialect().retryAfter, retryAfter, clock.now());
    return answered(arrival, await breakResponse(fault, response, wait));
  };

  /** A 429. Its body also names the limit where upstream was seen to do so. */
  const rejection = (c: HttpContext, policy: Policy, decision: LimitDecision, at: number) => {
    const { retryAfter: form } = parts.dialect();
    const whole = tooManyRequestsBody(policy, decision, at);
    if (form === 'body') return c.json(whole, 429);
    const { headers, fields } = nameWait(form, secondsUntil(decision.resetAt, at), at);
    return c.json({ error: whole.error, ...fields }, 429, headers);
  };

  const admit = async (
    c: HttpContext,
    request: ReceivedRequest,
    endpoint: UpstreamHandler,
  ): Promise<Response> => {
    const { budget, arrivedAt } = request;
    if (faults.takeHostGone(budget)) {
      return answered(audit.arrived({ ...request, verdict: 'host_gone', fault: 'host-gone' }), hostGone());
    }
    const account = accounts.get(c.req.header('Authorization') ?? '');
    if (!account)
      return answered(audit.arrived({ ...request, verdict: 'unauthorized' }), c.text('Unauthorized', 401));
    if (!budget) return serve(c, audit.arrived({ ...request, verdict: 'not_found' }), endpoint);

    const { decision, policy } = limiter.arrive(account, budget, arrivedAt);
    const headers = parts.sendsHeaders ? rateLimitHeaders(policy, decision, arrivedAt) : {};
    const { advertises } = parts.dialect();
    const advertised = advertises === '' ? {} : { 'RateLimit-Policy': advertises };
    for (const [name, value] of Object.entries({ ...headers, ...advertised })) c.header(name, value);
    if (!decision.accepted) {
      const arrival = audit.arrived({ ...request, policy, verdict: 'rejected' });
      return answered(arrival, rejection(c, policy, decision, arrivedAt));
    }
    const fault = faults.take(budget);
    const accepted = {
      ...request,
      policy,
      verdict: 'accepted',
      ...(fault && { fault: fault.kind }),
    } as const;
    return serve(c, audit.arrived(accepted), endpoint, fault);
  };

  return (budget, endpoint) => async (c) => {
    try {
      const { minMs, maxMs } = parts.jitter();
      await pause(clock.toProjectMs(between(jitterDraws(), minMs, maxMs)), closing);
      const key = keyName(c.req.header('Authorization') ?? '');
      const { method, path } = c.req;
      return await admit(c, { arrivedAt: clock.now(), key, budget, policy: null, method, path }, endpoint);
    } catch (error) {
      if (closing.aborted || c.req.raw.signal.aborted) return RESPONSE_ALREADY_SENT;
      throw error;
    }
  };
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
