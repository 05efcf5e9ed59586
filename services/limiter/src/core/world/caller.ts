import type { Lane } from '@paceline/shared/definition';
import type { PermitReply, PermitRequest, PermitRequestOf, Offer, Outcome } from '@paceline/shared/contracts';
import type { Agenda } from './agenda.ts';
import { place } from './place.ts';
import { hear, type Script } from './script.ts';
import type { Mood, Upstream } from './upstream.ts';

/** What a caller wants, and how its call will go. Times in ms. */
export interface Wanted {
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
  /** Sends an ask; nothing is heard when it, or its answer, is lost or late. */
  readonly ask: (ask: PermitRequest, heard: (answer: PermitReply | undefined) => void) => void;
  /** Hands over the next offer for a ticket, one that was missed at once; nothing after `ms`. */
  readonly offer: (ticket: string, ms: number, heard: (offer: Offer | undefined) => void) => void;
  readonly ended: (ticket: string, end: End) => void;
}

/** Ms before a limiter that did not answer is asked again. */
const askAgainAfter = 250;

/** The client of `packages/shared/src/limiter`, as a process of its own. */
export function* caller(ticket: string, wanted: Wanted, around: Surroundings): Script<void> {
  const { agenda, ended } = around;
  const firstAskedAt = agenda.now();
  const { lane, deadlineIn, givesUpAfter, thinks } = wanted;
  const ask: PermitRequestOf<'acquire'> = {
    do: 'acquire',
    ticket,
    ...place,
    lane,
    firstAskedAt,
    offerTo: 'client',
    trace: {},
    ...(deadlineIn === undefined ? {} : { deadline: firstAskedAt + deadlineIn }),
  };
  for (;;) {
    const got = yield* acquire(ask, firstAskedAt + givesUpAfter, around);
    if (got === 'refused' || got === 'gave up') {
      around.ask({ do: 'cancel', ...place, id: ticket }, () => undefined);
      ended(ticket, got);
      return;
    }
    const sendBy = got.sendBy ?? (yield* start(got.permit, around));
    if (sendBy === undefined) continue;
    yield* sleep(thinks, around);
    const inTime = agenda.now() < sendBy;
    const outcome: Outcome = inTime ? yield* call(got.permit, wanted, around) : { result: 'not_sent' };
    yield* settle(got.permit, outcome, around);
    ended(ticket, inTime ? 'called' : 'too late to send');
    return;
  }
}

function* acquire(
  ask: PermitRequestOf<'acquire'>,
  givesUpAt: number,
  around: Surroundings,
): Script<{ permit: string; sendBy?: number } | 'refused' | 'gave up'> {
  for (let first = true; around.agenda.now() <= givesUpAt; first = false) {
    // Counted from when it was sent, by this side's clock: the limiter counts from when it hears it.
    const sentAt = around.agenda.now();
    const answer = yield* hear<PermitReply | undefined>((wake) => around.ask({ ...ask, start: first }, wake));
    if (answer?.answer === 'started') return { permit: answer.permit, sendBy: sentAt + answer.sendBy };
    if (answer?.answer === 'granted') return { permit: answer.permit };
    if (answer?.answer === 'refused') return 'refused';
    const ms = answer?.answer === 'waiting' ? answer.askAgainIn : askAgainAfter;
    const offer = yield* hear<Offer | undefined>((wake) => around.offer(ask.ticket, ms, wake));
    if (offer) return { permit: offer.permit };
  }
  return 'gave up';
}

/** By when the call must be sent; undefined when the permit ran out before. */
function* start(permit: string, around: Surroundings): Script<number | undefined> {
  for (;;) {
    const ask: PermitRequest = { do: 'start', ...place, permit, trace: {} };
    const sentAt = around.agenda.now();
    const answer = yield* hear<PermitReply | undefined>((wake) => around.ask(ask, wake));
    if (answer?.answer === 'started') return sentAt + answer.sendBy;
    if (answer?.answer === 'expired') return undefined;
    yield* sleep(askAgainAfter, around);
  }
}

/** Sends, and waits for the answer as long as a call may take. */
function* call(
  permit: string,
  { arrivesIn, answersIn, mood }: Wanted,
  { agenda, upstream, callTimeout }: Surroundings,
): Script<Outcome> {
  return yield* hear<Outcome>((wake) => {
    let over = false;
    const end = (outcome: Outcome) => {
      if (!over) wake(outcome);
      over = true;
    };
    upstream.send(permit, arrivesIn, mood, (outcome) => agenda.in(answersIn, () => end(outcome)));
    agenda.in(callTimeout, () => end({ result: 'unanswered' }));
  });
}

function* settle(permit: string, outcome: Outcome, around: Surroundings): Script<void> {
  const ask: PermitRequest = { do: 'settle', ...place, permit, outcome };
  for (;;) {
    const answer = yield* hear<PermitReply | undefined>((wake) => around.ask(ask, wake));
    if (answer?.answer === 'settled') return;
    yield* sleep(askAgainAfter, around);
  }
}

const sleep = (ms: number, { agenda }: Surroundings): Script<unknown> =>
  hear<unknown>((wake) => agenda.in(ms, () => wake(undefined)));
