import type { PermitRequestOf, Outcome } from '@paceline/shared/contracts';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import {
  decidePermit,
  noReply,
  type PermitEffect,
  type PermitEvent,
  requestPermit,
} from '@paceline/shared/limiter/protocol';
import type { Simulation } from '../simulation.ts';
import { waitFor, once, type Script } from '@paceline/kit/script';
import type { LimiterLink } from './limiter.ts';

/** As in the real client. */
export interface SimulatedPermitOptions {
  readonly endpoint: BudgetName;
  readonly lane: Lane;
  readonly deadline?: number;
  readonly slotId?: string;
  readonly requestedAt?: number;
  /** Since when it waits in its lane, if it has waited in another one before. */
  readonly inLaneSince?: number;
  readonly onWaiting?: (waiting: Waiting) => void;
  readonly signal?: AbortSignal;
}

export interface SimulatedPermit {
  /** Whether the call can be sent now: it is in time, and recorded. */
  use(): boolean;
  settle(outcome: Outcome): void;
}

export type PermitResult =
  | { readonly outcome: 'started'; readonly permit: SimulatedPermit }
  | { readonly outcome: 'refused'; readonly earliest: number }
  | { readonly outcome: 'given up' };

/**
 * The limiter's client: the production permit protocol, with message latency.
 * Not divided, because a permit's timer, last request and state change in one step.
 */
export function createPermits(simulation: Simulation, limiter: LimiterLink) {
  const { agenda, clock, tally } = simulation;
  let tickets = 0;

  function follow(
    request: PermitRequestOf<'acquire'>,
    options: SimulatedPermitOptions,
    onResult: (result: PermitResult) => void,
  ): void {
    const now = () => clock.toRealMs(agenda.now());
    const wait = tally.startWait(options.lane, options.inLaneSince ?? request.requestedAt);
    let step = requestPermit(request, now());
    let sends = 0;
    let timer = 0;

    function happened(event: PermitEvent): void {
      step = decidePermit(step.state, event, now());
      if (step.state.state === 'closed') {
        timer += 1;
        limiter.unsubscribe(request.ticket);
      }
      for (const effect of step.effects) perform(effect);
    }

    function perform(effect: PermitEffect): void {
      switch (effect.effect) {
        case 'send': {
          const nth = (sends += 1);
          timer += 1;
          limiter.request(effect.request, (reply = noReply) => {
            if (nth === sends) happened({ event: 'replied', reply });
          });
          return;
        }
        case 'wake': {
          const mine = (timer += 1);
          agenda.in(clock.toProjectMs(effect.inMs), () => {
            if (timer === mine) happened({ event: 'due' });
          });
          return;
        }
        case 'show':
          options.onWaiting?.(effect.waiting);
          return;
        default:
          end(effect);
      }
    }

    function end(effect: Exclude<PermitEffect, { effect: 'send' | 'wake' | 'show' }>): void {
      if (effect.effect === 'spent') return;
      wait.end(agenda.now());
      if (effect.effect === 'refused') onResult({ outcome: 'refused', earliest: effect.earliest });
      else if (effect.effect === 'failed') onResult({ outcome: 'given up' });
      else onResult({ outcome: 'started', permit: permitOf(effect) });
    }

    const permitOf = ({ permit, term }: Extract<PermitEffect, { effect: 'started' }>): SimulatedPermit => ({
      use() {
        if (!limiter.callLog.recordStart(permit, term, options.endpoint, options.lane)) {
          happened({ event: 'settle', outcome: { result: 'not_sent', superseded: true } });
          return false;
        }
        happened({ event: 'use' });
        if (step.state.state !== 'sent') limiter.callLog.remove(permit);
        return step.state.state === 'sent';
      },
      settle(outcome) {
        happened({ event: 'settle', outcome });
        limiter.callLog.recordEnd(permit, outcome.status ?? null);
      },
    });

    limiter.subscribe(request.ticket, happened);
    // Later, not synchronously inside `abort()`, as with the real client's goal.
    const onAbort = () => agenda.in(0, () => happened({ event: 'cancel', reason: undefined }));
    options.signal?.addEventListener('abort', onAbort, { once: true });
    for (const effect of step.effects) perform(effect);
  }

  return {
    /** Waits for a permit and starts it; ends early when it can't be granted in time. */
    *obtain(options: SimulatedPermitOptions): Script<PermitResult> {
      tickets += 1;
      const { endpoint, lane, deadline, slotId, requestedAt = agenda.now() } = options;
      const request: PermitRequestOf<'acquire'> = {
        do: 'acquire',
        ticket: `t${tickets}`,
        account: 'team',
        endpoint,
        lane,
        requestedAt,
        offerTo: 'client',
        trace: {},
        ...(deadline === undefined ? {} : { deadline }),
        ...(slotId === undefined ? {} : { slotId }),
      };
      return yield* waitFor<PermitResult>((wake) => follow(request, options, once(wake)));
    },
  };
}

export type Permits = ReturnType<typeof createPermits>;
