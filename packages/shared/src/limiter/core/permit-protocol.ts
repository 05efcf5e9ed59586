import type {
  Outcome,
  PermitReply,
  PermitRequest,
  PermitRequestOf,
  Refusal,
  WindowLeft,
} from '../../contracts/index.ts';

/**
 * One permit as its client sees it, from the first request until the limiter has acknowledged its end. Its states:
 *
 * - `requesting`: an `acquire` was sent. The first one also starts the permit if it is free.
 * - `waiting`: the request is in the limiter's queue, or the limiter did not reply. It is repeated after a while as a
 *   heartbeat, unless an offer arrives first.
 * - `starting`: a permit is held, and its `start` is repeated until there is a reply.
 * - `started`: the call counts against the window. It may be sent until `sendBy`.
 * - `sent`: the call was sent.
 * - `settling`: its outcome is repeated until the limiter acknowledges it; until then the limiter assumes the worst.
 * - `cancelling`: the caller has its result and needs no permit. A request in flight is awaited, so that the cancel cannot
 *   overtake it; then the cancel is repeated until the limiter acknowledges it.
 * - `closed`: cancelled or settled.
 *
 * A new owner of the partition has no state of its clients, so a request in progress is sent again immediately.
 * All times are ms of this machine's monotonic clock, as in the limiter's replies.
 */
export type PermitState =
  | {
      readonly state: 'requesting';
      readonly request: PermitRequestOf<'acquire'>;
      readonly sentAt: number;
      /** Sent with repeats, so that its accuracy is counted across failovers. */
      readonly firstEstimate: number | undefined;
      /** When the first request in a row without a reply was sent. */
      readonly silentSince: number | undefined;
      /** A permit that was offered before the reply arrived. */
      readonly offered: string | undefined;
    }
  | {
      readonly state: 'waiting';
      readonly request: PermitRequestOf<'acquire'>;
      readonly firstEstimate: number | undefined;
      readonly silentSince: number | undefined;
    }
  | {
      readonly state: 'starting';
      readonly request: PermitRequestOf<'acquire'>;
      readonly permit: string;
      readonly sentAt: number;
    }
  | (CallPermit & { readonly state: 'started'; readonly sendBy: number })
  | (CallPermit & { readonly state: 'sent' })
  | {
      readonly state: 'settling';
      readonly report: PermitRequestOf<'settle'>;
      readonly closing: boolean;
      /** The client has closed, so the report is not repeated. */
      readonly isLast: boolean;
    }
  | {
      readonly state: 'cancelling';
      readonly request: PermitRequestOf<'acquire'>;
      /** The request in flight may still start the permit; otherwise it is the cancel. */
      readonly mayStart: boolean;
      readonly closing: boolean;
      /** The client has closed, so the cancel is not repeated. */
      readonly isLast: boolean;
    }
  | { readonly state: 'closed' };

interface CallPermit {
  readonly request: PermitRequestOf<'acquire'>;
  readonly permit: string;
  /** The client has closed. */
  readonly closing: boolean;
}

export type PermitEvent =
  /** The reply to the last request; replies to earlier ones are ignored. */
  | { readonly event: 'replied'; readonly reply: PermitReply }
  /** The last request violates its contract. */
  | { readonly event: 'malformed'; readonly error: unknown }
  | { readonly event: 'offered'; readonly permit: string }
  | { readonly event: 'new owner' }
  | { readonly event: 'due' }
  /** The caller no longer needs the permit. */
  | { readonly event: 'cancel'; readonly reason: unknown }
  /** The client closes: a waiting request is cancelled, a started call can still be settled. */
  | { readonly event: 'close'; readonly reason: unknown }
  /** The call is about to be sent. */
  | { readonly event: 'use' }
  | { readonly event: 'settle'; readonly outcome: Outcome }
  /** The caller has finished, whether or not it has settled. */
  | { readonly event: 'finish' };

export type PermitEffect =
  /** Send, and pass on the reply. Replies to earlier requests are ignored from now on. */
  | { readonly effect: 'send'; readonly request: PermitRequest }
  /** `due` after `inMs`, unless a request is sent first or the permit is closed. */
  | { readonly effect: 'wake'; readonly inMs: number }
  /** The position or estimate shown to the caller has changed. */
  | { readonly effect: 'show'; readonly waiting: Extract<PermitReply, { answer: 'waiting' }> }
  | {
      readonly effect: 'started';
      readonly permit: string;
      readonly term: number;
      readonly left?: readonly WindowLeft[];
    }
  /** `silentMs`: for how long no limiter had replied before. */
  | {
      readonly effect: 'refused';
      readonly reason: Refusal;
      readonly earliest: number;
      readonly silentMs: number | undefined;
    }
  | { readonly effect: 'failed'; readonly reason: unknown }
  /** The call must not be sent. */
  | { readonly effect: 'spent'; readonly reason: 'used before' | 'too late to send' };

export interface PermitStep {
  readonly state: PermitState;
  readonly effects: readonly PermitEffect[];
}

/** The reply that is assumed when none arrives. */
export const noReply: PermitReply = { answer: 'unavailable', reason: 'the limiter did not reply' };

/** Ms before a request without a reply is repeated. */
const retryAfter = 250;

/** Requests a permit for the first time. */
export const requestPermit = (request: PermitRequestOf<'acquire'>, now: number): PermitStep => ({
  state: {
    state: 'requesting',
    request,
    sentAt: now,
    firstEstimate: undefined,
    silentSince: undefined,
    offered: undefined,
  },
  effects: [{ effect: 'send', request: { ...request, start: true } }],
});

export function decidePermit(state: PermitState, event: PermitEvent, now: number): PermitStep {
  switch (state.state) {
    case 'requesting':
    case 'waiting':
      return whileWaiting(state, event, now);
    case 'starting':
      return whileStarting(state, event, now);
    case 'started':
    case 'sent':
      return whileStarted(state, event, now);
    case 'settling':
      return whileSettling(state, event);
    case 'cancelling':
      return whileCancelling(state, event);
    case 'closed':
      return event.event === 'use' ? spent(state, 'used before') : unchanged(state);
  }
}

type In<Name extends PermitState['state']> = Extract<PermitState, { state: Name }>;
const none: readonly never[] = [];
const unchanged = (state: PermitState): PermitStep => ({ state, effects: none });
const spent = (state: PermitState, reason: 'used before' | 'too late to send'): PermitStep => ({
  state,
  effects: [{ effect: 'spent', reason }],
});

function whileWaiting(state: In<'requesting'> | In<'waiting'>, event: PermitEvent, now: number): PermitStep {
  const { request } = state;
  switch (event.event) {
    case 'replied':
      return state.state === 'requesting' ? onReply(state, event.reply, now) : unchanged(state);
    case 'offered':
      if (state.state === 'requesting') return unchanged({ ...state, offered: event.permit });
      return start(request, event.permit, now);
    case 'due':
      return state.state === 'waiting' ? repeatRequest(state, now) : unchanged(state);
    case 'new owner':
      return repeatRequest(state, now);
    case 'malformed':
      return cancel(request, { effect: 'failed', reason: event.error });
    case 'cancel':
    case 'close':
      return giveUp(state, event);
    default:
      return unchanged(state);
  }
}

function onReply(state: In<'requesting'>, reply: PermitReply, now: number): PermitStep {
  const { request, firstEstimate, silentSince, sentAt } = state;
  switch (reply.answer) {
    case 'started':
      return started(request, reply, sentAt);
    case 'granted':
      return start(request, reply.permit, now);
    case 'refused':
      return cancel(request, {
        effect: 'refused',
        reason: reply.reason,
        earliest: reply.earliest,
        silentMs: silentSince === undefined ? undefined : now - silentSince,
      });
    case 'waiting':
      return waitFor(
        reply.retryIn,
        { ...state, firstEstimate: firstEstimate ?? reply.estimatedAt, silentSince: undefined },
        now,
        [{ effect: 'show', waiting: reply }],
      );
    default:
      return waitFor(retryAfter, { ...state, silentSince: silentSince ?? sentAt }, now, []);
  }
}

function waitFor(
  inMs: number,
  { request, firstEstimate, silentSince, offered }: In<'requesting'>,
  now: number,
  effects: readonly PermitEffect[],
): PermitStep {
  if (offered !== undefined) {
    const next = start(request, offered, now);
    return { state: next.state, effects: [...effects, ...next.effects] };
  }
  return {
    state: { state: 'waiting', request, firstEstimate, silentSince },
    effects: [{ effect: 'wake', inMs }, ...effects],
  };
}

/** Repeats the request without starting the permit: the caller may cancel while it waits. */
function repeatRequest(state: In<'requesting'> | In<'waiting'>, now: number): PermitStep {
  const { request, firstEstimate } = state;
  const silentSince = state.silentSince ?? (state.state === 'requesting' ? state.sentAt : undefined);
  const estimate = firstEstimate === undefined ? {} : { firstEstimate };
  return {
    state: { state: 'requesting', request, sentAt: now, firstEstimate, silentSince, offered: undefined },
    effects: [{ effect: 'send', request: { ...request, ...estimate, start: false } }],
  };
}

function start(request: PermitRequestOf<'acquire'>, permit: string, now: number): PermitStep {
  const { account, endpoint, trace, left } = request;
  const asked = { account, endpoint, permit, trace, ...(left && { left }) };
  return {
    state: { state: 'starting', request, permit, sentAt: now },
    effects: [{ effect: 'send', request: { do: 'start', ...asked } }],
  };
}

function whileStarting(state: In<'starting'>, event: PermitEvent, now: number): PermitStep {
  const { request, permit, sentAt } = state;
  switch (event.event) {
    case 'replied':
      if (event.reply.answer === 'started') return started(request, event.reply, sentAt);
      if (event.reply.answer === 'expired') return requestPermit(request, now);
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
      return unchanged(state);
  }
}

/** `sendBy` counts from when the request was sent, which is stricter than from when the limiter received it. */
const started = (
  request: PermitRequestOf<'acquire'>,
  { permit, sendBy, term = 0, left }: Extract<PermitReply, { answer: 'started' }>,
  sentAt: number,
): PermitStep => ({
  state: { state: 'started', request, permit, sendBy: sentAt + sendBy, closing: false },
  effects: [{ effect: 'started', permit, term, ...(left && { left }) }],
});

function whileStarted(state: In<'started'> | In<'sent'>, event: PermitEvent, now: number): PermitStep {
  switch (event.event) {
    case 'use': {
      if (state.state === 'sent') return spent(state, 'used before');
      if (now >= state.sendBy) return spent(state, 'too late to send');
      const { request, permit, closing } = state;
      return unchanged({ state: 'sent', request, permit, closing });
    }
    case 'settle':
      return settle(state, event.outcome);
    case 'finish':
      return settle(state, { result: 'not_sent' });
    case 'close':
      return unchanged({ ...state, closing: true });
    default:
      return unchanged(state);
  }
}

function settle(
  { state, request, permit, closing }: In<'started'> | In<'sent'>,
  outcome: Outcome,
): PermitStep {
  const { account, endpoint } = request;
  // A sent call can't be taken back.
  const wasSent = state === 'sent' && outcome.result === 'not_sent';
  const reported: Outcome = wasSent ? { ...outcome, result: 'unanswered' } : outcome;
  const report: PermitRequestOf<'settle'> = { do: 'settle', account, endpoint, permit, outcome: reported };
  return sendReport({ state: 'settling', report, closing, isLast: false });
}

/** Reports the outcome; after the client has closed, only once more. */
const sendReport = (state: In<'settling'>): PermitStep => ({
  state: { ...state, isLast: state.closing },
  effects: [{ effect: 'send', request: state.report }],
});

function whileSettling(state: In<'settling'>, event: PermitEvent): PermitStep {
  switch (event.event) {
    case 'replied':
      if (event.reply.answer === 'settled' || state.isLast) return unchanged({ state: 'closed' });
      return { state, effects: [{ effect: 'wake', inMs: retryAfter }] };
    case 'malformed':
      return reportWithoutDetails(state);
    case 'due':
    case 'new owner':
      return sendReport(state);
    case 'close':
      return unchanged({ ...state, closing: true });
    case 'use':
      return spent(state, 'used before');
    default:
      return unchanged(state);
  }
}

/** A malformed outcome is reported with its result and status only. */
function reportWithoutDetails(state: In<'settling'>): PermitStep {
  const { result, status, ...details } = state.report.outcome;
  if (Object.keys(details).length === 0) return unchanged({ state: 'closed' });
  const outcome: Outcome = { result, ...(status === undefined ? {} : { status }) };
  return {
    state: { ...state, report: { ...state.report, outcome } },
    effects: [{ effect: 'send', request: { ...state.report, outcome } }],
  };
}

/** Ends the caller's wait immediately, even before the limiter knows. */
function giveUp(
  { state, request }: In<'requesting'> | In<'waiting'> | In<'starting'>,
  { event, reason }: Extract<PermitEvent, { reason: unknown }>,
): PermitStep {
  const end: PermitEffect = { effect: 'failed', reason };
  const closing = event === 'close';
  if (state === 'waiting') return cancel(request, end, closing);
  return { state: { state: 'cancelling', request, mayStart: true, closing, isLast: false }, effects: [end] };
}

/** Cancels the ticket; after the client has closed, only once more. */
function cancel(request: PermitRequestOf<'acquire'>, end?: PermitEffect, closing = false): PermitStep {
  const { account, endpoint, ticket } = request;
  const send: PermitEffect = { effect: 'send', request: { do: 'cancel', account, endpoint, id: ticket } };
  return {
    state: { state: 'cancelling', request, mayStart: false, closing, isLast: closing },
    effects: end ? [send, end] : [send],
  };
}

function whileCancelling(state: In<'cancelling'>, event: PermitEvent): PermitStep {
  const { request, mayStart, closing, isLast } = state;
  switch (event.event) {
    case 'replied': {
      const { reply } = event;
      if (!mayStart) {
        if (reply.answer === 'cancelled' || isLast) return unchanged({ state: 'closed' });
        return { state, effects: [{ effect: 'wake', inMs: retryAfter }] };
      }
      if (reply.answer !== 'started') return cancel(request, undefined, closing);
      return settle(
        { state: 'started', request, permit: reply.permit, sendBy: 0, closing },
        { result: 'not_sent' },
      );
    }
    case 'malformed':
      return mayStart ? cancel(request, undefined, closing) : unchanged({ state: 'closed' });
    case 'due':
    case 'new owner':
      return cancel(request, undefined, closing);
    case 'close':
      return unchanged({ ...state, closing: true });
    default:
      return unchanged(state);
  }
}
