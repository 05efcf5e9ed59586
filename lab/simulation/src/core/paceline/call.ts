import type { Lane } from '@paceline/shared/definition';
import { callTimeout } from '@paceline/shared/config';
import {
  isTemporary,
  pauseBeforeAttempt,
  raisedLane,
  defaultAttempts,
} from '@paceline/shared/sync/retry-policy';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Simulation } from '../simulation.ts';
import { type Script, sleep } from '@paceline/kit/script';
import type { PermitOptions, Permits } from './permit.ts';

export interface CallOptions extends PermitOptions {
  readonly attempts?: number;
  /** The target, chosen when the permit is granted; undefined if no call is worthwhile any longer. */
  choose(): string | undefined;
}

/** `arrivedAt`: when upstream read the data of the response. */
export type CallEnd =
  | { readonly is: 'answered'; readonly target: string; readonly arrivedAt: number }
  | { readonly is: 'not worth it' | 'given up' }
  | { readonly is: 'refused'; readonly earliest: number }
  | { readonly is: 'failed'; readonly code: UpstreamErrorCode; readonly retryAfterMs?: number };

type Attempt = CallEnd | { readonly is: 'too late to send' };

/** `callUpstream` of `packages/shared/src/sync` as a script. */
export function createCaller(simulation: Simulation, permits: Permits) {
  const { agenda, clock, upstream } = simulation;

  function* attemptCall(options: CallOptions, lane: Lane): Script<Attempt> {
    const obtained = yield* permits.obtain({ ...options, lane });
    if (obtained.is !== 'started') return obtained;
    const { permit } = obtained;
    const target = options.choose();
    if (target === undefined || !permit.use()) {
      permit.settle({ result: 'not_sent' });
      return { is: target === undefined ? 'not worth it' : 'too late to send' };
    }
    const { endpoint: budget } = options;
    const response = yield* upstream.call({ budget, lane, target }, callTimeout(budget, clock));
    switch (response.status) {
      case 'timed out':
        permit.settle({ result: 'unanswered' });
        return { is: 'failed', code: 'timed_out' };
      case 429: {
        const { retryAfterMs, learned } = response;
        permit.settle({ result: 'answered', status: 429, retryAfterMs, ...(learned && { learned }) });
        return { is: 'failed', code: 'rate_limited', retryAfterMs };
      }
      case 503:
        permit.settle({ result: 'answered', status: 503 });
        return { is: 'failed', code: 'unavailable' };
      default:
        permit.settle({ result: 'answered', status: 200 });
        return { is: 'answered', target, arrivedAt: response.arrivedAt };
    }
  }

  function* callWithRetries(options: CallOptions, lane: Lane): Script<CallEnd> {
    const { attempts = defaultAttempts } = options;
    let last: CallEnd = { is: 'not worth it' };
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (attempt > 0) yield* sleep(agenda, pauseBeforeAttempt(attempt));
      if (options.signal?.aborted) return { is: 'given up' };
      const end = yield* attemptCall(options, lane);
      // No time for another attempt before the deadline: report the failure.
      if (end.is === 'refused' && last.is === 'failed') return last;
      if (end.is === 'too late to send') continue;
      last = end;
      if (end.is !== 'failed' || !isTemporary(end.code)) return end;
    }
    return last;
  }

  /** Makes a call with a permit; retries when that can help. */
  return function* call(options: CallOptions): Script<CallEnd> {
    const end = yield* callWithRetries(options, options.lane);
    if (end.is !== 'failed' || end.code !== 'rate_limited') return end;
    const again = yield* callWithRetries(options, raisedLane(options.lane));
    return again.is === 'refused' ? end : again;
  };
}

export type CallWithPermit = ReturnType<typeof createCaller>;
