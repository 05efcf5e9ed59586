import type { PermitRequestOf, Outcome } from '@paceline/shared/contracts';
import type { Budget, Lane } from '@paceline/shared/definition';
import type { Waiting } from '@paceline/shared/limiter';
import {
  decidePermit,
  noReply,
  type PermitEffect,
  type PermitEvent,
  requestPermit,
} from '@paceline/shared/limiter/protocol';
import type { Life } from '../life.ts';
import { waitFor, once, type Script } from '@paceline/kit/script';
import type { LimiterLink } from './limiter.ts';

/** What a caller wants a permit for, as `PermitOptions` of the real client. */
export interface Wanted {
  readonly endpoint: Budget;
  readonly lane: Lane;
  readonly deadline?: number;
  readonly slotId?: string;
  readonly requestedAt?: number;
  readonly onWaiting?: (waiting: Waiting) => void;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/** A started permit. */
export interface Started {
  /** Whether the call may leave now. */
  use(): boolean;
  settle(outcome: Outcome): void;
}

/** What a request for a permit came to. */
export type Obtained =
  | { readonly is: 'started'; readonly permit: Started }
  | { readonly is: 'refused'; readonly earliest: number }
  | { readonly is: 'given up' };

/**
 * The client of the limiter: the permit protocol of production, over messages that take their time.
 * Not divided: a permit's timer, its last request and its state change in one step.
 */
export function createPermits(life: Life, limiter: LimiterLink) {
  const { agenda, clock, tally } = life;
  let tickets = 0;

  function follow(
    request: PermitRequestOf<'acquire'>,
    wanted: Wanted,
    obtained: (end: Obtained) => void,
  ): void {
    const now = () => clock.toMachine(agenda.now());
    const wait = tally.wants(request.lane, request.requestedAt);
    let step = requestPermit(request, now());
    let sends = 0;
    let timer = 0;

    function happened(event: PermitEvent): void {
      step = decidePermit(step.state, event, now());
      if (step.state.state === 'closed') {
        timer += 1;
        limiter.forget(request.ticket);
      }
      for (const effect of step.effects) perform(effect);
    }

    function perform(effect: PermitEffect): void {
      switch (effect.effect) {
        case 'send': {
          const nth = (sends += 1);
          timer += 1;
          limiter.ask(effect.request, (reply = noReply) => {
            if (nth === sends) happened({ event: 'replied', reply });
          });
          return;
        }
        case 'wake': {
          const mine = (timer += 1);
          agenda.in(clock.fromMachine(effect.inMs), () => {
            if (timer === mine) happened({ event: 'due' });
          });
          return;
        }
        case 'show':
          wanted.onWaiting?.(effect.waiting);
          return;
        default:
          end(effect);
      }
    }

    function end(effect: Exclude<PermitEffect, { effect: 'send' | 'wake' | 'show' }>): void {
      if (effect.effect === 'spent') return;
      wait.leave(agenda.now());
      if (effect.effect === 'refused') obtained({ is: 'refused', earliest: effect.earliest });
      else if (effect.effect === 'failed') obtained({ is: 'given up' });
      else obtained({ is: 'started', permit: { use, settle } });
    }

    const use = (): boolean => {
      happened({ event: 'use' });
      return step.state.state === 'sent';
    };
    const settle = (outcome: Outcome) => happened({ event: 'settle', outcome });

    limiter.attend(request.ticket, happened);
    // Not within what aborts it: a promise would not be heard there either.
    const onAbort = () => agenda.in(0, () => happened({ event: 'cancel', reason: undefined }));
    wanted.signal?.addEventListener('abort', onAbort, { once: true });
    for (const effect of step.effects) perform(effect);
  }

  return {
    /** Waits until there is a permit and starts it, or until there will be none in time. */
    *obtain(wanted: Wanted): Script<Obtained> {
      tickets += 1;
      const { endpoint, lane, deadline, slotId, requestedAt = agenda.now() } = wanted;
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
      return yield* waitFor<Obtained>((wake) => follow(request, wanted, once(wake)));
    },
  };
}

export type Permits = ReturnType<typeof createPermits>;
