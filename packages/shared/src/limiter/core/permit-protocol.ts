import type { PermitReply, PermitRequest, PermitRequestOf, Outcome } from '../../contracts/index.ts';

/**
 * One permit as its client sees it, from the first request to the acknowledgement of how the call ended. Its states:
 *
 * - `requesting`: an `acquire` is on its way. The first one also starts the permit if it is free.
 * - `waiting`: the limiter has the request in its queue, or did not answer. It is repeated after a while, which is also
 *   its heartbeat, unless an offer comes first.
 * - `starting`: a permit is held, and its `start` is on its way, again and again until it is answered.
 * - `started`: the call is booked. It may be sent until `sendBy`.
 * - `sent`: the call has left.
 * - `settling`: how it ended is reported, again and again until the limiter has it: until then it assumes the worst.
 * - `cancelling`: the caller has its end and wants no permit any more. An `acquire` or `start` in flight is waited for, so
 *   that the cancel does not overtake it; then the cancel is sent, again and again until the limiter has it.
 * - `over`: cancelled or settled.
 *
 * A new owner of the partition knows nothing of its clients: what is under way then is sent again at once.
 * All times are ms of this machine's monotonic clock, as in the limiter's answers.
 */
export type PermitState =
  | {
      readonly state: 'requesting';
      readonly request: PermitRequestOf<'acquire'>;
      readonly sentAt: number;
      /** When it was first expected to run: whether that held is counted. */
      readonly estimate: number | undefined;
      /** A permit that was offered before the answer came. */
      readonly offered: string | undefined;
    }
  | {
      readonly state: 'waiting';
      readonly request: PermitRequestOf<'acquire'>;
      readonly estimate: number | undefined;
    }
  | {
      readonly state: 'starting';
      readonly request: PermitRequestOf<'acquire'>;
      readonly permit: string;
      readonly sentAt: number;
    }
  | (Booked & { readonly state: 'started'; readonly sendBy: number })
  | (Booked & { readonly state: 'sent' })
  | {
      readonly state: 'settling';
      readonly report: PermitRequestOf<'settle'>;
      readonly closing: boolean;
      /** The client has closed: this report is not repeated. */
      readonly isLast: boolean;
    }
  | {
      readonly state: 'cancelling';
      readonly request: PermitRequestOf<'acquire'>;
      /** What is in flight may still book a call; otherwise that is the cancel. */
      readonly mayBook: boolean;
      readonly closing: boolean;
      /** The client has closed: this cancel is not repeated. */
      readonly isLast: boolean;
    }
  | { readonly state: 'over' };

interface Booked {
  readonly request: PermitRequestOf<'acquire'>;
  readonly permit: string;
  /** The client has closed. */
  readonly closing: boolean;
}

export type PermitEvent =
  /** The answer to the last request that was sent: those to earlier ones are dropped. */
  | { readonly event: 'answered'; readonly answer: PermitReply }
  /** The last request breaks its contract. */
  | { readonly event: 'malformed'; readonly error: unknown }
  | { readonly event: 'offered'; readonly permit: string }
  | { readonly event: 'new owner' }
  | { readonly event: 'due' }
  /** The caller no longer wants it. */
  | { readonly event: 'cancel'; readonly reason: unknown }
  /** The client closes: what waits is cancelled, what was booked may still be settled. */
  | { readonly event: 'close'; readonly reason: unknown }
  /** The call is about to leave. */
  | { readonly event: 'use' }
  | { readonly event: 'settle'; readonly outcome: Outcome }
  /** The caller is done, whether or not it has settled. */
  | { readonly event: 'finish' };

export type PermitEffect =
  /** Send, and hand over the answer; that of any earlier request is of no interest any more. */
  | { readonly effect: 'send'; readonly request: PermitRequest }
  /** `due` after `inMs`, unless a request is sent first, or it is over. */
  | { readonly effect: 'wake'; readonly inMs: number }
  /** What the caller may be shown has changed. */
  | { readonly effect: 'show'; readonly waiting: Extract<PermitReply, { answer: 'waiting' }> }
  | { readonly effect: 'started'; readonly permit: string }
  | { readonly effect: 'refused'; readonly earliest: number }
  | { readonly effect: 'failed'; readonly reason: unknown }
  /** The call must not leave. */
  | { readonly effect: 'spent'; readonly because: 'used before' | 'too late to send' };

export interface PermitStep {
  readonly state: PermitState;
  readonly effects: readonly PermitEffect[];
}

/** What stands for the answer of a limiter that gave none. */
export const noAnswer: PermitReply = { answer: 'unavailable', reason: 'the limiter did not answer' };

/** Ms before a limiter that did not answer is asked again. */
const retryAfter = 250;

/** Requests a permit for the first time. */
export const requestPermit = (request: PermitRequestOf<'acquire'>, now: number): PermitStep => ({
  state: { state: 'requesting', request, sentAt: now, estimate: undefined, offered: undefined },
  effects: [{ effect: 'send', request: { ...request, start: true } }],
});

export function decidePermit(state: PermitState, event: PermitEvent, now: number): PermitStep {
  switch (state.state) {
    case 'requesting':
    case 'waiting':
      return inQueue(state, event, now);
    case 'starting':
      return whileStarting(state, event, now);
    case 'started':
    case 'sent':
      return whileBooked(state, event, now);
    case 'settling':
      return whileSettling(state, event);
    case 'cancelling':
      return whileCancelling(state, event);
    case 'over':
      return event.event === 'use' ? spent(state, 'used before') : silently(state);
  }
}

type In<Name extends PermitState['state']> = Extract<PermitState, { state: Name }>;
const none: readonly never[] = [];
const silently = (state: PermitState): PermitStep => ({ state, effects: none });
const spent = (state: PermitState, because: 'used before' | 'too late to send'): PermitStep => ({
  state,
  effects: [{ effect: 'spent', because }],
});

function inQueue(state: In<'requesting'> | In<'waiting'>, event: PermitEvent, now: number): PermitStep {
  const { request } = state;
  switch (event.event) {
    case 'answered':
      return state.state === 'requesting' ? onAnswer(state, event.answer, now) : silently(state);
    case 'offered':
      if (state.state === 'requesting') return silently({ ...state, offered: event.permit });
      return start(request, event.permit, now);
    case 'due':
      return state.state === 'waiting' ? again(state, now) : silently(state);
    case 'new owner':
      return again(state, now);
    case 'malformed':
      return cancel(request, { effect: 'failed', reason: event.error });
    case 'cancel':
    case 'close':
      return giveUp(state, event);
    default:
      return silently(state);
  }
}

function onAnswer(state: In<'requesting'>, answer: PermitReply, now: number): PermitStep {
  const { request, estimate, sentAt } = state;
  switch (answer.answer) {
    case 'started':
      return book(request, answer.permit, sentAt + answer.sendBy);
    case 'granted':
      return start(request, answer.permit, now);
    case 'refused':
      return cancel(request, { effect: 'refused', earliest: answer.earliest });
    case 'waiting':
      return waitFor(answer.retryIn, { ...state, estimate: estimate ?? answer.estimatedAt }, now, [
        { effect: 'show', waiting: answer },
      ]);
    default:
      return waitFor(retryAfter, state, now, []);
  }
}

function waitFor(
  inMs: number,
  { request, estimate, offered }: In<'requesting'>,
  now: number,
  effects: readonly PermitEffect[],
): PermitStep {
  if (offered !== undefined) {
    const next = start(request, offered, now);
    return { state: next.state, effects: [...effects, ...next.effects] };
  }
  return { state: { state: 'waiting', request, estimate }, effects: [{ effect: 'wake', inMs }, ...effects] };
}

/** Whoever has waited may have changed its mind: the permit is started only when the caller is known to be there. */
function again({ request, estimate }: In<'requesting'> | In<'waiting'>, now: number): PermitStep {
  const promise = estimate === undefined ? {} : { firstEstimate: estimate };
  return {
    state: { state: 'requesting', request, sentAt: now, estimate, offered: undefined },
    effects: [{ effect: 'send', request: { ...request, ...promise, start: false } }],
  };
}

function start(request: PermitRequestOf<'acquire'>, permit: string, now: number): PermitStep {
  const { account, endpoint, trace } = request;
  return {
    state: { state: 'starting', request, permit, sentAt: now },
    effects: [{ effect: 'send', request: { do: 'start', account, endpoint, permit, trace } }],
  };
}

function whileStarting(state: In<'starting'>, event: PermitEvent, now: number): PermitStep {
  const { request, permit, sentAt } = state;
  switch (event.event) {
    case 'answered':
      if (event.answer.answer === 'started') return book(request, permit, sentAt + event.answer.sendBy);
      if (event.answer.answer === 'expired') return requestPermit(request, now);
      return { state, effects: [{ effect: 'wake', inMs: retryAfter }] };
    case 'due':
    case 'new owner':
      return start(request, permit, now);
    case 'malformed':
      return cancel(request, { effect: 'failed', reason: event.error });
    case 'cancel':
    case 'close':
      return giveUp(state, event);
    default:
      return silently(state);
  }
}

/** The limiter counts from when it hears of a request, this side from when it sent it: the stricter one. */
const book = (request: PermitRequestOf<'acquire'>, permit: string, sendBy: number): PermitStep => ({
  state: { state: 'started', request, permit, sendBy, closing: false },
  effects: [{ effect: 'started', permit }],
});

function whileBooked(state: In<'started'> | In<'sent'>, event: PermitEvent, now: number): PermitStep {
  switch (event.event) {
    case 'use': {
      if (state.state === 'sent') return spent(state, 'used before');
      if (now >= state.sendBy) return spent(state, 'too late to send');
      const { request, permit, closing } = state;
      return silently({ state: 'sent', request, permit, closing });
    }
    case 'settle':
      return settle(state, event.outcome);
    case 'finish':
      return settle(state, { result: 'not_sent' });
    case 'close':
      return silently({ ...state, closing: true });
    default:
      return silently(state);
  }
}

function settle(
  { state, request, permit, closing }: In<'started'> | In<'sent'>,
  outcome: Outcome,
): PermitStep {
  const { account, endpoint } = request;
  // A call that has left can't be taken back.
  const isGone = state === 'sent' && outcome.result === 'not_sent';
  const reported: Outcome = isGone ? { ...outcome, result: 'unanswered' } : outcome;
  const report: PermitRequestOf<'settle'> = { do: 'settle', account, endpoint, permit, outcome: reported };
  return repeat({ state: 'settling', report, closing, isLast: false });
}

/** Reports the outcome; once the client has closed, for the last time. */
const repeat = (state: In<'settling'>): PermitStep => ({
  state: { ...state, isLast: state.closing },
  effects: [{ effect: 'send', request: state.report }],
});

function whileSettling(state: In<'settling'>, event: PermitEvent): PermitStep {
  switch (event.event) {
    case 'answered':
      if (event.answer.answer === 'settled' || state.isLast) return silently({ state: 'over' });
      return { state, effects: [{ effect: 'wake', inMs: retryAfter }] };
    case 'malformed':
      return reportLess(state);
    case 'due':
    case 'new owner':
      return repeat(state);
    case 'close':
      return silently({ ...state, closing: true });
    case 'use':
      return spent(state, 'used before');
    default:
      return silently(state);
  }
}

/** An outcome that can't be sent as it is, is sent without what upstream said beside its status. */
function reportLess(state: In<'settling'>): PermitStep {
  const { result, status, ...more } = state.report.outcome;
  if (Object.keys(more).length === 0) return silently({ state: 'over' });
  const outcome: Outcome = { result, ...(status === undefined ? {} : { status }) };
  return {
    state: { ...state, report: { ...state.report, outcome } },
    effects: [{ effect: 'send', request: { ...state.report, outcome } }],
  };
}

/** The caller's wait ends at once, whatever the limiter still has to hear. */
function giveUp(
  { state, request }: In<'requesting'> | In<'waiting'> | In<'starting'>,
  { event, reason }: Extract<PermitEvent, { reason: unknown }>,
): PermitStep {
  const end: PermitEffect = { effect: 'failed', reason };
  const closing = event === 'close';
  if (state === 'waiting') return cancel(request, end, closing);
  return { state: { state: 'cancelling', request, mayBook: true, closing, isLast: false }, effects: [end] };
}

/** Takes the ticket back: once the client has closed, for the last time. */
function cancel(request: PermitRequestOf<'acquire'>, end?: PermitEffect, closing = false): PermitStep {
  const { account, endpoint, ticket } = request;
  const send: PermitEffect = { effect: 'send', request: { do: 'cancel', account, endpoint, id: ticket } };
  return {
    state: { state: 'cancelling', request, mayBook: false, closing, isLast: closing },
    effects: end ? [send, end] : [send],
  };
}

function whileCancelling(state: In<'cancelling'>, event: PermitEvent): PermitStep {
  const { request, mayBook, closing, isLast } = state;
  switch (event.event) {
    case 'answered': {
      const { answer } = event;
      if (!mayBook) {
        if (answer.answer === 'cancelled' || isLast) return silently({ state: 'over' });
        return { state, effects: [{ effect: 'wake', inMs: retryAfter }] };
      }
      if (answer.answer !== 'started') return cancel(request, undefined, closing);
      return settle(
        { state: 'started', request, permit: answer.permit, sendBy: 0, closing },
        { result: 'not_sent' },
      );
    }
    case 'malformed':
      return mayBook ? cancel(request, undefined, closing) : silently({ state: 'over' });
    case 'due':
    case 'new owner':
      return cancel(request, undefined, closing);
    case 'close':
      return silently({ ...state, closing: true });
    default:
      return silently(state);
  }
}
