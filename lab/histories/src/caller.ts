import type { PermitReply, PermitRequest, PermitRequestOf, Outcome } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import {
  decidePermit,
  noReply,
  type PermitEffect,
  type PermitEvent,
  type PermitStep,
  requestPermit,
} from '@paceline/shared/limiter/protocol';
import type { Agenda } from '@paceline/kit/agenda';
import type { CallLog } from './call-log.ts';
import { budgetKey, type Behavior, type Upstream } from './upstream.ts';
import { waitFor, type Script } from '@paceline/kit/script';

/** What a caller does and how its call goes. Times in ms. */
export interface CallerPlan {
  readonly lane: Lane;
  /** From its first request on. */
  readonly deadlineIn: number | undefined;
  /** It cancels if it has no permit by then. */
  readonly givesUpAfter: number;
  /** From receiving the permit until it sends. */
  readonly sendsAfter: number;
  readonly arrivesIn: number;
  readonly answersIn: number;
  readonly behavior: Behavior;
}

/** How a caller ended, unless it died. */
export type CallerEnd = 'called' | 'too late to send' | 'superseded' | 'refused' | 'gave up';

/** The world around a caller. */
export interface CallerContext {
  readonly agenda: Agenda;
  readonly upstream: Upstream;
  readonly callLog: CallLog;
  readonly callTimeout: number;
  /** Sends a request; there is no reply when either is lost or late. */
  readonly request: (request: PermitRequest, onReply: (reply: PermitReply | undefined) => void) => void;
  /** Delivers offers for a ticket, and announcements of a new owner. */
  readonly subscribe: (ticket: string, onEvent: (event: PermitEvent) => void) => void;
  readonly ended: (ticket: string, end: CallerEnd) => void;
}

/** The production permit protocol as a process that can die or freeze wherever it waits. */
export function* caller(ticket: string, plan: CallerPlan, context: CallerContext): Script<void> {
  const { agenda, callLog, ended } = context;
  const requestedAt = agenda.now();
  const { lane, deadlineIn, givesUpAfter, sendsAfter } = plan;
  const request: PermitRequestOf<'acquire'> = {
    do: 'acquire',
    ticket,
    ...budgetKey,
    lane,
    requestedAt,
    offerTo: 'client',
    trace: {},
    ...(deadlineIn === undefined ? {} : { deadline: requestedAt + deadlineIn }),
  };
  const events = createEvents(context);
  context.subscribe(ticket, events.dispatch);
  agenda.in(givesUpAfter, () => events.dispatch({ event: 'cancel', reason: undefined }));

  let step = requestPermit(request, agenda.now());
  while (/^(requesting|waiting|starting)$/.test(step.state.state))
    step = decidePermit(step.state, yield* events.next(step), agenda.now());
  if (step.state.state !== 'started') {
    const end = step.effects.some(({ effect }) => effect === 'refused') ? 'refused' : 'gave up';
    while (step.state.state !== 'closed')
      step = decidePermit(step.state, yield* events.next(step), agenda.now());
    ended(ticket, end);
    return;
  }
  const { permit } = step.state;
  const { term } = step.effects.find(({ effect }) => effect === 'started') as StartedEffect;
  const isRecorded = yield* waitFor<boolean>((wake) => callLog.recordStart(permit, lane, term, wake));
  let outcome: Outcome = { result: 'not_sent', superseded: true };
  let end: CallerEnd = 'superseded';
  if (isRecorded) {
    yield* waitFor<unknown>((wake) => agenda.in(sendsAfter, () => wake(undefined)));
    step = decidePermit(step.state, { event: 'use' }, agenda.now());
    end = step.state.state === 'sent' ? 'called' : 'too late to send';
    if (end === 'called') outcome = yield* call(permit, plan, context);
    else {
      outcome = { result: 'not_sent' };
      yield* waitFor<unknown>((wake) => callLog.remove(permit, wake));
    }
  }
  step = decidePermit(step.state, { event: 'settle', outcome }, agenda.now());
  if (end === 'called') callLog.recordEnd(permit, outcome.status);
  while (step.state.state !== 'closed')
    step = decidePermit(step.state, yield* events.next(step), agenda.now());
  ended(ticket, end);
}

type StartedEffect = Extract<PermitEffect, { effect: 'started' }>;

/** The events of a permit, one at a time; those that arrive while the process is frozen are kept. */
function createEvents({ agenda, request }: CallerContext) {
  let pending: Array<{ readonly event: PermitEvent; readonly isCurrent: () => boolean }> = [];
  let wake: ((event: PermitEvent) => void) | undefined;
  let sends = 0;
  let timers = 0;

  function dispatch(event: PermitEvent, isCurrent: () => boolean = () => true): void {
    pending.push({ event, isCurrent });
    deliverNext();
  }

  function deliverNext(): void {
    if (!wake) return;
    pending = pending.filter(({ isCurrent }) => isCurrent());
    const first = pending.shift();
    if (!first) return;
    const deliver = wake;
    wake = undefined;
    deliver(first.event);
  }

  /** Only the reply to the last request counts, and a timer only until the next request. */
  function perform(effect: PermitEffect): void {
    const timer = (timers += 1);
    if (effect.effect === 'send') {
      const nth = (sends += 1);
      request(effect.request, (reply = noReply) =>
        dispatch({ event: 'replied', reply }, () => nth === sends),
      );
    }
    if (effect.effect === 'wake')
      agenda.in(effect.inMs, () => dispatch({ event: 'due' }, () => timer === timers));
  }

  return {
    dispatch,
    /** Performs a step's effects, and waits for the next event. */
    next: ({ effects }: PermitStep): Script<PermitEvent> =>
      waitFor<PermitEvent>((deliver) => {
        wake = deliver;
        for (const effect of effects) if (effect.effect !== 'show') perform(effect);
        deliverNext();
      }),
  };
}

/** Sends the call, and waits for its answer up to the call timeout. */
function* call(
  permit: string,
  { arrivesIn, answersIn, behavior }: CallerPlan,
  { agenda, upstream, callTimeout }: CallerContext,
): Script<Outcome> {
  return yield* waitFor<Outcome>((wake) => {
    let isDone = false;
    const finish = (outcome: Outcome) => {
      if (!isDone) wake(outcome);
      isDone = true;
    };
    upstream.send(permit, arrivesIn, behavior, (outcome) => agenda.in(answersIn, () => finish(outcome)));
    agenda.in(callTimeout, () => finish({ result: 'unanswered' }));
  });
}
