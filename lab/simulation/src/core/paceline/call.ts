import type { Lane } from '@paceline/shared/definition';
import { pauseBeforeAttempt, raisedLane, defaultAttempts } from '@paceline/shared/sync/retry-policy';
import { isTemporary, type UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { callTimeout } from '@paceline/shared/upstreams';
import type { Simulation } from '../simulation.ts';
import { type Script, sleep } from '@paceline/kit/script';
import type { SimulatedPermitOptions, Permits } from './permit.ts';

export interface CallOptions extends SimulatedPermitOptions {
  readonly attempts?: number;
  /** The target, chosen when the permit is granted; undefined if no call is worthwhile any longer. */
  choose(): string | undefined;
  /** A call for the target has failed, or was too late to be sent (no code); it may be repeated. */
  onFailed?(code?: UpstreamErrorCode): void;
}

/** `arrivedAt`: when upstream read the data of the response. */
export type CallEnd =
  | { readonly outcome: 'answered'; readonly target: string; readonly arrivedAt: number }
  | { readonly outcome: 'not worth it' | 'given up' }
  | { readonly outcome: 'refused'; readonly earliest: number }
  | { readonly outcome: 'failed'; readonly code: UpstreamErrorCode; readonly retryAfterMs?: number };

type Attempt = CallEnd | { readonly outcome: 'too late to send' };

/** `callUpstream` of `packages/shared/src/sync` as a script. */
export function createCaller(simulation: Simulation, permits: Permits) {
  const { scenario, agenda, clock, upstream } = simulation;

  function* attemptCall(options: CallOptions, lane: Lane): Script<Attempt> {
    const obtained = yield* permits.obtain({ ...options, lane });
    if (obtained.outcome !== 'started') return obtained;
    const { permit } = obtained;
    const target = options.choose();
    if (target === undefined || !permit.use()) {
      permit.settle({ result: 'not_sent' });
      if (target === undefined) return { outcome: 'not worth it' };
      options.onFailed?.();
      return { outcome: 'too late to send' };
    }
    const { endpoint: budget } = options;
    const response = yield* upstream.call(
      { budget, lane, target },
      callTimeout(scenario.definition.endpoints[budget], clock),
    );
    const failed = (code: UpstreamErrorCode): Attempt & { outcome: 'failed' } => {
      options.onFailed?.(code);
      return { outcome: 'failed', code };
    };
    switch (response.status) {
      case 'timed out':
        permit.settle({ result: 'unanswered' });
        return failed('timed_out');
      case 429: {
        const { retryAfterMs, learned } = response;
        permit.settle({ result: 'answered', status: 429, retryAfterMs, ...(learned && { learned }) });
        return { ...failed('rate_limited'), retryAfterMs };
      }
      case 503:
        permit.settle({ result: 'answered', status: 503 });
        return failed('unavailable');
      default:
        permit.settle({ result: 'answered', status: 200 });
        return { outcome: 'answered', target, arrivedAt: response.arrivedAt };
    }
  }

  function* callWithRetries(options: CallOptions, lane: Lane): Script<CallEnd> {
    const { attempts = defaultAttempts } = options;
    let last: CallEnd = { outcome: 'not worth it' };
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (attempt > 0) yield* sleep(agenda, pauseBeforeAttempt(attempt));
      if (options.signal?.aborted) return { outcome: 'given up' };
      const end = yield* attemptCall(options, lane);
      // No time for another attempt before the deadline: report the failure.
      if (end.outcome === 'refused' && last.outcome === 'failed') return last;
      if (end.outcome === 'too late to send') continue;
      last = end;
      if (end.outcome !== 'failed' || !isTemporary(end.code)) return end;
    }
    return last;
  }

  /** Makes a call with a permit; retries when that can help. */
  return function* call(options: CallOptions): Script<CallEnd> {
    const end = yield* callWithRetries(options, options.lane);
    if (end.outcome !== 'failed' || end.code !== 'rate_limited') return end;
    const again = yield* callWithRetries(options, raisedLane(options.lane));
    return again.outcome === 'refused' ? end : again;
  };
}

export type CallWithPermit = ReturnType<typeof createCaller>;
