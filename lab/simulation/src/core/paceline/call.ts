import type { Lane } from '@paceline/shared/definition';
import { callTimeout } from '@paceline/shared/config';
import {
  isTemporary,
  pauseBeforeAttempt,
  raisedLane,
  defaultAttempts,
} from '@paceline/shared/sync/retry-policy';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import type { Life } from '../life.ts';
import { type Script, sleep } from '@paceline/kit/script';
import type { Permits, Wanted } from './permit.ts';

/** A call whose target is chosen when the permit is there; undefined: nothing is worth it any more. */
export interface WantedCall extends Wanted {
  readonly attempts?: number;
  choose(): string | undefined;
}

/** What a call came to. `arrivedAt`: the moment of which the answer tells. */
export type CallEnd =
  | { readonly is: 'answered'; readonly target: string; readonly arrivedAt: number }
  | { readonly is: 'not worth it' | 'given up' }
  | { readonly is: 'refused'; readonly earliest: number }
  | { readonly is: 'failed'; readonly code: UpstreamErrorCode; readonly retryAfterMs?: number };

type Attempt = CallEnd | { readonly is: 'too late to send' };

/** `callUpstream` of `packages/shared/src/sync`, as a script. */
export function createCaller(life: Life, permits: Permits) {
  const { agenda, clock, upstream } = life;

  function* once(wanted: WantedCall, lane: Lane): Script<Attempt> {
    const obtained = yield* permits.obtain({ ...wanted, lane });
    if (obtained.is !== 'started') return obtained;
    const { permit } = obtained;
    const target = wanted.choose();
    if (target === undefined || !permit.use()) {
      permit.settle({ result: 'not_sent' });
      return { is: target === undefined ? 'not worth it' : 'too late to send' };
    }
    const { endpoint: budget } = wanted;
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

  function* persist(wanted: WantedCall, lane: Lane): Script<CallEnd> {
    const { attempts = defaultAttempts } = wanted;
    let last: CallEnd = { is: 'not worth it' };
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (attempt > 0) yield* sleep(agenda, pauseBeforeAttempt(attempt));
      if (wanted.signal?.aborted) return { is: 'given up' };
      const end = yield* once(wanted, lane);
      // The deadline leaves no room for another attempt: it is the failure that is told.
      if (end.is === 'refused' && last.is === 'failed') return last;
      if (end.is === 'too late to send') continue;
      last = end;
      if (end.is !== 'failed' || !isTemporary(end.code)) return end;
    }
    return last;
  }

  /** Makes a call with a permit; again when that may help. */
  return function* call(wanted: WantedCall): Script<CallEnd> {
    const end = yield* persist(wanted, wanted.lane);
    if (end.is !== 'failed' || end.code !== 'rate_limited') return end;
    const again = yield* persist(wanted, raisedLane(wanted.lane));
    return again.is === 'refused' ? end : again;
  };
}

export type Caller = ReturnType<typeof createCaller>;
