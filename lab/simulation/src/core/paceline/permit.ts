import type { Budget, Lane } from '@paceline/shared/definition';
import type { PermitReply, PermitRequestOf, Offer, Outcome } from '@paceline/shared/contracts';
import type { Waiting } from '@paceline/shared/limiter';
import type { Life } from '../life.ts';
import { hear, live, once, type Script, sleep } from '../world/script.ts';
import type { LimiterDesk } from './limiter.ts';

/** What a caller asks for, as `PermitAsk` of the real client. */
export interface Wanted {
  readonly endpoint: Budget;
  readonly lane: Lane;
  readonly deadline?: number;
  readonly slotId?: string;
  readonly firstAskedAt?: number;
  readonly onWaiting?: (waiting: Waiting) => void;
  /** Ends the wait. */
  readonly signal?: AbortSignal;
}

/** A started permit, to be sent before `sendBy`; settled once. */
export interface Started {
  readonly sendBy: number;
  settle(outcome: Outcome): void;
}

/** What a permit came to for who wanted it. */
export type Obtained =
  | { readonly is: 'started'; readonly permit: Started }
  | { readonly is: 'refused'; readonly earliest: number }
  | { readonly is: 'given up' };

/** Real ms before a limiter that did not answer is asked again. */
const askAgainAfter = 250;
const account = 'team';

/** The client of `packages/shared/src/limiter`, as a script. */
export function createPermits(life: Life, desk: LimiterDesk) {
  const { agenda, clock, tally } = life;
  let tickets = 0;

  function* acquire(
    ask: PermitRequestOf<'acquire'>,
    wanted: Wanted,
  ): Script<Held | { refused: number } | undefined> {
    let promisedAt: number | undefined;
    for (let start = true; !wanted.signal?.aborted; start = false) {
      const sentAt = agenda.now();
      const promise = promisedAt === undefined ? {} : { promisedAt };
      const answer = yield* hear<PermitReply | undefined>((wake) =>
        desk.ask({ ...ask, ...promise, start }, wake),
      );
      if (answer?.answer === 'started')
        return { permit: answer.permit, sendBy: sentAt + clock.fromMachine(answer.sendBy) };
      if (answer?.answer === 'granted') return { permit: answer.permit };
      if (answer?.answer === 'refused') return { refused: answer.earliest };
      if (answer?.answer === 'waiting') {
        wanted.onWaiting?.(answer);
        promisedAt ??= answer.estimatedAt;
      }
      const realMs = answer?.answer === 'waiting' ? answer.askAgainIn : askAgainAfter;
      const offer = yield* hear<Offer | undefined>((wake) => {
        const first = once(wake);
        // Not within what aborts it: a promise would not be heard there either.
        const onAbort = () => agenda.in(0, () => first(undefined));
        wanted.signal?.addEventListener('abort', onAbort, { once: true });
        desk.offer(ask.ticket, clock.fromMachine(realMs), first);
      });
      if (offer) return { permit: offer.permit };
    }
    return undefined;
  }

  /** By when the call must be sent; undefined when the permit ran out before. */
  function* start(endpoint: Budget, permit: string): Script<number | undefined> {
    for (;;) {
      const sentAt = agenda.now();
      const ask = { do: 'start', account, endpoint, permit, trace: {} } as const;
      const answer = yield* hear<PermitReply | undefined>((wake) => desk.ask(ask, wake));
      if (answer?.answer === 'started') return sentAt + clock.fromMachine(answer.sendBy);
      if (answer?.answer === 'expired') return undefined;
      yield* sleep(agenda, clock.fromMachine(askAgainAfter));
    }
  }

  function* settle(endpoint: Budget, permit: string, outcome: Outcome): Script {
    for (;;) {
      const ask = { do: 'settle', account, endpoint, permit, outcome } as const;
      const answer = yield* hear<PermitReply | undefined>((wake) => desk.ask(ask, wake));
      if (answer?.answer === 'settled') return;
      yield* sleep(agenda, clock.fromMachine(askAgainAfter));
    }
  }

  return {
    /** Waits until there is a permit and starts it, or until it is told that there will be none in time. */
    *obtain(wanted: Wanted): Script<Obtained> {
      tickets += 1;
      const { endpoint, lane, deadline, slotId, firstAskedAt = agenda.now() } = wanted;
      const ticket = `t${tickets}`;
      const ask: PermitRequestOf<'acquire'> = {
        do: 'acquire',
        ticket,
        account,
        endpoint,
        lane,
        firstAskedAt,
        offerTo: 'client',
        trace: {},
        ...(deadline === undefined ? {} : { deadline }),
        ...(slotId === undefined ? {} : { slotId }),
      };
      const wait = tally.wants(lane, firstAskedAt);
      for (;;) {
        const held = yield* acquire(ask, wanted);
        if (held && 'permit' in held) {
          const sendBy = held.sendBy ?? (yield* start(endpoint, held.permit));
          if (sendBy === undefined) continue;
          wait.leave(agenda.now());
          desk.forget(ticket);
          const { permit } = held;
          return {
            is: 'started',
            permit: { sendBy, settle: (outcome) => live(settle(endpoint, permit, outcome)) },
          };
        }
        wait.leave(agenda.now());
        desk.forget(ticket);
        desk.ask({ do: 'cancel', account, endpoint, id: ticket }, () => undefined);
        return held ? { is: 'refused', earliest: held.refused } : { is: 'given up' };
      }
    },
  };
}

interface Held {
  readonly permit: string;
  readonly sendBy?: number;
}

export type Permits = ReturnType<typeof createPermits>;
