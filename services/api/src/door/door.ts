import { setImmediate as immediate } from 'node:timers/promises';
import type { Clock } from '@paceline/shared/clock';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import {
  type Permit,
  PermitRefused,
  type PermitRequests,
  PermitSpent,
  type Waiting,
} from '@paceline/shared/limiter';
import { type Caller, callUpstream } from '@paceline/shared/sync';
import { callTimeout, type Upstream } from '@paceline/shared/upstreams';
import type { Exchange } from '@paceline/shared/upstreams/exchange';
import { UpstreamError } from '@paceline/shared/zwiftracing';
import { Problem } from '../http/problem.ts';
import type { LimiterPeer } from '../peers.ts';
import { noPermit, passOn, proxyStatus } from './answer.ts';
import type { Call } from './find-call.ts';
import type { HideKey } from './hide-key.ts';

/** What calls to one upstream need. */
export interface Door {
  readonly upstream: Upstream;
  /** Hides the key in answers. */
  readonly hide: HideKey;
  /** The limiter's name for the account of the key. */
  readonly account: string;
  readonly exchange: Exchange;
  readonly limiter: LimiterPeer;
  /** @throws {BrokerUnavailable} */
  readonly context: () => Caller;
  /** For programs that make their calls themselves. @throws {BrokerUnavailable} */
  readonly requests: () => PermitRequests;
  readonly clock: Clock;
  /** Shutdown waits for it. */
  track(call: Promise<unknown>): void;
}

export interface DoorRequest {
  readonly call: Call;
  readonly lane: string;
  /** The program's name, for the call log. */
  readonly caller: string;
  /** Below the base URL, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** Real seconds to wait for a permit. */
  readonly patience: number;
  /** Aborts when the caller has disconnected. */
  readonly gone: AbortSignal;
}

/** Real ms: a permit that is free now is not missed by the time that asking for it takes. */
const shortestPatienceMs = 250;

/**
 * Makes one call as the syncs do: with a permit, in the call log, without another attempt. Resolves when upstream's headers
 * arrive; the answer follows as it comes. A caller that has gone costs nothing until its call is sent; from then on the
 * call is made and counted.
 * @throws {Problem} when there is no permit in time, or upstream does not answer
 */
export function callThrough(door: Door, request: DoorRequest): Promise<Response> {
  const { clock } = door;
  const { call, gone } = request;
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const patienceMs = Math.max(shortestPatienceMs, request.patience * 1_000);
  let waiting: Waiting | undefined;
  let permitId: string | undefined;
  const patience = new AbortController();
  const endPatience = () =>
    patience.abort(
      waiting
        ? noPermit(clock, call.endpoint, waiting.estimatedAt)
        : unavailable('The limiter does not answer'),
    );
  const cancelTimer = clock.machine.after(patienceMs, endPatience);
  const context = door.context();
  const requestedAt = clock.machine.elapsed();
  const running = callUpstream(context, {
    owner: { caller: request.caller },
    endpoint: call.endpoint as BudgetName,
    lane: request.lane as Lane,
    attempts: 1,
    deadline: clock.now() + clock.toProjectMs(patienceMs),
    signal: AbortSignal.any([patience.signal, gone, context.signal]),
    left: true,
    onWaiting: (now) => (waiting = now),
    choose: async () => {
      cancelTimer();
      if (gone.aborted) return undefined;
      const wait = clock.machine.elapsed() - requestedAt;
      return {
        target: call.target,
        send(permit) {
          permitId = permit.id;
          return sendOn(door, request, permit, wait, resolve);
        },
        outcome: ({ status, isWhole }) => ({
          status,
          message: isWhole ? `answered ${status}` : `answered ${status}, not sent to its end`,
          rawStart: null,
        }),
      };
    },
  })
    .then(
      () => resolve(callerGone()),
      (error: unknown) => {
        if (gone.aborted) resolve(callerGone());
        else if (context.signal.aborted) reject(unavailable('The API is shutting down'));
        else reject(problemOf(error, door, call, permitId));
      },
    )
    .finally(cancelTimer);
  door.track(running);
  return promise;
}

/**
 * Sends a call and passes its answer on.
 * @param wait real ms that it waited for its permit
 * @returns upstream's status, and whether the answer was sent to its end
 */
function sendOn(
  { upstream, hide, clock, exchange }: Door,
  { call, path, headers, body }: DoorRequest,
  permit: Permit<BudgetName>,
  wait: number,
  onResponse: (response: Response) => void,
): Promise<{ status: number; isWhole: boolean }> {
  const definition = upstream.endpoints[call.endpoint]!;
  const { budgets } = definition;
  const timeoutMs = callTimeout(definition, clock);
  const sentAt = clock.machine.elapsed();
  const sent = { method: call.method, path, headers, timeoutMs, budgets, ...(body && { body }) };
  return exchange(permit, sent, async (answer) => {
    const took = { wait, upstream: clock.machine.elapsed() - sentAt };
    const passed = await passOn(answer, { permit, hide, clock, took });
    onResponse(passed.response);
    const isWhole = await passed.sent;
    // The caller comes first, then the records of its call.
    await immediate();
    return { status: answer.status, isWhole };
  });
}

function problemOf(
  error: unknown,
  { clock, upstream }: Door,
  call: Call,
  permit: string | undefined,
): unknown {
  if (error instanceof PermitRefused) return noPermit(clock, call.endpoint, error.earliest);
  if (error instanceof PermitSpent) return unavailable('The call could not be recorded in time');
  if (!(error instanceof UpstreamError)) return error;
  const isLate = error.code === 'timed_out';
  const headers = {
    ...(permit !== undefined && { 'paceline-permit': permit }),
    ...proxyStatus({ error: isLate ? 'http_response_timeout' : 'destination_unavailable' }),
  };
  return isLate
    ? new Problem('upstream-timeout', error.message, { headers })
    : new Problem('upstream-unreachable', error.message || `${upstream.label} does not answer`, { headers });
}

function unavailable(reason: string): Problem {
  const headers = { 'retry-after': '1', ...proxyStatus({ error: 'proxy_internal_error' }) };
  return new Problem('unavailable', `${reason}; nothing was sent`, { headers });
}

/** Not sent. */
const callerGone = () => new Response(null, { status: 499 });
