import type { PermitReply, PermitRequest, PermitRequestOf, Outcome } from '@paceline/shared/contracts';
import type { Lane } from '@paceline/shared/definition';
import {
  decidePermit,
  noAnswer,
  type PermitEffect,
  type PermitEvent,
  type PermitStep,
  requestPermit,
} from '@paceline/shared/limiter/protocol';
import type { Agenda } from '@paceline/kit/agenda';
import { place, type Mood, type Upstream } from './upstream.ts';
import { waitFor, type Script } from '@paceline/kit/script';

/** What a caller wants, and how its call will go. Times in ms. */
export interface CallerPlan {
  readonly lane: Lane;
  /** From its first ask on. */
  readonly deadlineIn: number | undefined;
  /** It loses interest when it has no permit by then. */
  readonly givesUpAfter: number;
  /** From having a permit until it sends. */
  readonly thinks: number;
  readonly arrivesIn: number;
  readonly answersIn: number;
  readonly mood: Mood;
}

/** How a caller ended, unless it died. */
export type End = 'called' | 'too late to send' | 'refused' | 'gave up';

/** What a caller can reach. */
export interface Surroundings {
  readonly agenda: Agenda;
  readonly upstream: Upstream;
  readonly callTimeout: number;
  /** Sends a request; nothing is heard when it, or its answer, is lost or late. */
  readonly ask: (request: PermitRequest, heard: (answer: PermitReply | undefined) => void) => void;
  /** From now on hands over offers for a ticket, and that the partition has a new owner. */
  readonly attend: (ticket: string, happened: (event: PermitEvent) => void) => void;
  readonly ended: (ticket: string, end: End) => void;
}

/** The permit protocol of production, as a process of its own: wherever it waits it can die or freeze. */
export function* caller(ticket: string, wanted: CallerPlan, around: Surroundings): Script<void> {
  const { agenda, ended } = around;
  const requestedAt = agenda.now();
  const { lane, deadlineIn, givesUpAfter, thinks } = wanted;
  const request: PermitRequestOf<'acquire'> = {
    do: 'acquire',
    ticket,
    ...place,
    lane,
    requestedAt,
    offerTo: 'client',
    trace: {},
    ...(deadlineIn === undefined ? {} : { deadline: requestedAt + deadlineIn }),
  };
  const events = createEvents(around);
  around.attend(ticket, events.happened);
  agenda.in(givesUpAfter, () => events.happened({ event: 'cancel', reason: undefined }));

  let step = requestPermit(request, agenda.now());
  while (/^(requesting|waiting|starting)$/.test(step.state.state))
    step = decidePermit(step.state, yield* events.next(step), agenda.now());
  if (step.state.state !== 'started') {
    const end = step.effects.some(({ effect }) => effect === 'refused') ? 'refused' : 'gave up';
    while (step.state.state !== 'over')
      step = decidePermit(step.state, yield* events.next(step), agenda.now());
    ended(ticket, end);
    return;
  }
  const { permit } = step.state;
  yield* waitFor<unknown>((wake) => agenda.in(thinks, () => wake(undefined)));
  step = decidePermit(step.state, { event: 'use' }, agenda.now());
  const inTime = step.state.state === 'sent';
  const outcome: Outcome = inTime ? yield* call(permit, wanted, around) : { result: 'not_sent' };
  step = decidePermit(step.state, { event: 'settle', outcome }, agenda.now());
  while (step.state.state !== 'over') step = decidePermit(step.state, yield* events.next(step), agenda.now());
  ended(ticket, inTime ? 'called' : 'too late to send');
}

/** What happens to a permit: one thing after the other, also what came while its process was frozen. */
function createEvents({ agenda, ask }: Surroundings) {
  let coming: Array<{ readonly event: PermitEvent; readonly counts: () => boolean }> = [];
  let wake: ((event: PermitEvent) => void) | undefined;
  let sends = 0;
  let timers = 0;

  function happened(event: PermitEvent, counts: () => boolean = () => true): void {
    coming.push({ event, counts });
    takeNext();
  }

  function takeNext(): void {
    if (!wake) return;
    coming = coming.filter(({ counts }) => counts());
    const first = coming.shift();
    if (!first) return;
    const heard = wake;
    wake = undefined;
    heard(first.event);
  }

  /** Only the answer to the last request counts, and a timer until the next request. */
  function perform(effect: PermitEffect): void {
    const timer = (timers += 1);
    if (effect.effect === 'send') {
      const nth = (sends += 1);
      ask(effect.request, (answer = noAnswer) =>
        happened({ event: 'answered', answer }, () => nth === sends),
      );
    }
    if (effect.effect === 'wake')
      agenda.in(effect.inMs, () => happened({ event: 'due' }, () => timer === timers));
  }

  return {
    happened,
    /** Performs what was decided, and waits for what happens next. */
    next: ({ effects }: PermitStep): Script<PermitEvent> =>
      waitFor<PermitEvent>((heard) => {
        wake = heard;
        for (const effect of effects) if (effect.effect !== 'show') perform(effect);
        takeNext();
      }),
  };
}

/** Sends, and waits for the answer as long as a call may take. */
function* call(
  permit: string,
  { arrivesIn, answersIn, mood }: CallerPlan,
  { agenda, upstream, callTimeout }: Surroundings,
): Script<Outcome> {
  return yield* waitFor<Outcome>((wake) => {
    let over = false;
    const end = (outcome: Outcome) => {
      if (!over) wake(outcome);
      over = true;
    };
    upstream.send(permit, arrivesIn, mood, (outcome) => agenda.in(answersIn, () => end(outcome)));
    agenda.in(callTimeout, () => end({ result: 'unanswered' }));
  });
}
