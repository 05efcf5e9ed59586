import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import {
  deadLetterSubject,
  durableOf,
  type PayloadOf,
  subjectOf,
  type WorkMessage,
} from '../contracts/index.ts';
import {
  extractTraceContext,
  injectTraceContext,
  inSpan,
  meter,
  recordError,
  type Span,
  SpanKind,
} from '../telemetry/index.ts';
import { BadPayload, type Bus, decode, retryWhileUnavailable } from './bus.ts';
import { messagingAttributes, store } from './publish.ts';

/** What becomes of a work message, said by its handler as a value. */
export type Settlement =
  | { readonly settle: 'done' }
  /** Deliver it again after so many real ms. */
  | { readonly settle: 'retry'; readonly afterMs: number; readonly reason: string }
  /** It can never be done: keep it aside with the reason. */
  | { readonly settle: 'dead-letter'; readonly reason: string };

export const done: Settlement = { settle: 'done' };
export const retryAfter = (afterMs: number, reason: string): Settlement => ({
  settle: 'retry',
  afterMs,
  reason,
});
export const deadLetter = (reason: string): Settlement => ({ settle: 'dead-letter', reason });

/** What a failed attempt comes to: again with growing pauses, until its attempts are used up. */
export function afterFailure(reason: string, attempt: number, maxDeliver: number): Settlement {
  if (attempt >= maxDeliver) return deadLetter(`${reason} (attempt ${attempt} of ${maxDeliver})`);
  return retryAfter(Math.min(30_000, 250 * 2 ** (attempt - 1)), reason);
}

const deadLetters = meter().createCounter('paceline.dead_letters', {
  unit: '{message}',
  description: 'Messages that were set aside with the reason',
});

export interface Handling {
  /** Takes no new messages and waits for those in hand. */
  stop(): Promise<void>;
}

type GivenUp<M extends WorkMessage> = (payload: PayloadOf<M>, reason: string) => Promise<void>;

/**
 * Takes a message's work from its stream, `delivery.concurrency` at a time, and settles each as its handler says.
 * While a handler is busy its message is kept alive; one that throws is retried, then dead-lettered with the reason.
 * @param givenUp is told of what was dead-lettered, if it can be read at all; a message is let go of after that
 */
export async function handle<M extends WorkMessage>(
  bus: Bus,
  message: M,
  handler: (payload: PayloadOf<M>) => Promise<Settlement>,
  givenUp?: GivenUp<M>,
): Promise<Handling> {
  const consumer = await retryWhileUnavailable(() =>
    bus.js.consumers.get(message.stream, durableOf(message)),
  );
  deadLetters.add(0, { subject: message.subject });
  const inHand = new Set<Promise<void>>();
  const stopping = new AbortController();
  const take = (delivered: JsMsg) => {
    const settled = settleOne(bus, message, handler, givenUp, delivered).finally(() =>
      inHand.delete(settled),
    );
    inHand.add(settled);
  };
  const loop = pullUntilStopped(bus, consumer, message, inHand, take, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await loop;
      await Promise.all(inHand);
    },
  };
}

/** Asks for as many messages as there are free hands, again and again, also after the broker was away. */
async function pullUntilStopped(
  bus: Bus,
  consumer: Consumer,
  { delivery, subject }: WorkMessage,
  inHand: Set<Promise<void>>,
  take: (delivered: JsMsg) => void,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const free = delivery.concurrency - inHand.size;
    if (free === 0) {
      await Promise.race([...inHand, aborted(stopping)]);
      continue;
    }
    try {
      const batch = await consumer.fetch({ max_messages: free, expires: 2_000 });
      const stop = () => batch.stop();
      stopping.addEventListener('abort', stop);
      for await (const delivered of batch) take(delivered);
      stopping.removeEventListener('abort', stop);
    } catch (error) {
      bus.log.warn({ err: error, subject }, 'the broker gave no work, asking again');
      await sleep(500);
    }
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

async function settleOne<M extends WorkMessage>(
  bus: Bus,
  message: M,
  handler: (payload: PayloadOf<M>) => Promise<Settlement>,
  givenUp: GivenUp<M> | undefined,
  delivered: JsMsg,
): Promise<void> {
  const subject = subjectOf(message);
  const id = delivered.headers?.get('Nats-Msg-Id');
  const alive = setInterval(() => delivered.working(), message.delivery.ackWaitMs / 3);
  const span = {
    kind: SpanKind.CONSUMER,
    parent: extractTraceContext(delivered.headers),
    attributes: {
      ...messagingAttributes(subject, 'process', 'process'),
      'messaging.consumer.group.name': durableOf(message),
      ...(id && { 'messaging.message.id': id }),
      'messaging.message.body.size': delivered.data.length,
      'messaging.nats.attempt': delivered.info.deliveryCount,
    },
  };
  try {
    await inSpan(`process ${subject}`, span, async (processing) => {
      const settlement = await decide(bus, message, handler, delivered, processing);
      processing.setAttribute('paceline.settlement', settlement.settle);
      await carryOut(bus, message, givenUp, delivered, settlement);
    });
  } catch (error) {
    // Not acknowledged: the broker delivers it again.
    bus.log.error({ err: error, subject }, 'a message could not be settled');
  } finally {
    clearInterval(alive);
  }
}

async function decide<M extends WorkMessage>(
  bus: Bus,
  message: M,
  handler: (payload: PayloadOf<M>) => Promise<Settlement>,
  delivered: JsMsg,
  span: Span,
): Promise<Settlement> {
  const attempt = delivered.info.deliveryCount;
  const { maxDeliver } = message.delivery;
  // Only a message whose handler died each time comes here so often.
  if (attempt > maxDeliver)
    return deadLetter(`its handler never answered, attempt ${attempt} of ${maxDeliver}`);
  try {
    return await handler(decode(message.payload, delivered.data) as PayloadOf<M>);
  } catch (error) {
    recordError(span, error);
    if (error instanceof BadPayload) return deadLetter(error.message);
    bus.log.error({ err: error, subject: message.subject, attempt }, 'handling a message failed');
    return afterFailure(error instanceof Error ? error.message : String(error), attempt, maxDeliver);
  }
}

async function carryOut<M extends WorkMessage>(
  bus: Bus,
  message: M,
  givenUp: GivenUp<M> | undefined,
  delivered: JsMsg,
  settlement: Settlement,
): Promise<void> {
  switch (settlement.settle) {
    case 'done':
      await delivered.ackAck();
      return;
    case 'retry':
      bus.log.warn(
        { subject: message.subject, reason: settlement.reason, afterMs: settlement.afterMs },
        'message will be tried again',
      );
      delivered.nak(settlement.afterMs);
      return;
    case 'dead-letter':
      deadLetters.add(1, { subject: message.subject });
      await setAside(bus, message, delivered, settlement.reason);
      if (givenUp) await tellIfReadable(message, givenUp, delivered, settlement.reason);
      delivered.term(settlement.reason);
      return;
  }
}

async function tellIfReadable<M extends WorkMessage>(
  message: M,
  givenUp: GivenUp<M>,
  delivered: JsMsg,
  reason: string,
): Promise<void> {
  let payload: PayloadOf<M>;
  try {
    payload = decode(message.payload, delivered.data) as PayloadOf<M>;
  } catch {
    return;
  }
  await givenUp(payload, reason);
}

/** Keeps a message that can't be handled, as it came, with the reason in its headers. */
export async function setAside(
  bus: Bus,
  message: WorkMessage,
  delivered: JsMsg,
  reason: string,
): Promise<void> {
  const carried = headers();
  injectTraceContext(carried);
  carried.set('Dead-Letter-Reason', oneLine(reason));
  carried.set('Dead-Letter-Attempts', String(delivered.info.deliveryCount));
  carried.set('Dead-Letter-Sequence', String(delivered.seq));
  const id = `dead-letter:${delivered.info.stream}:${delivered.seq}`;
  const subject = deadLetterSubject(message.subject);
  await store(bus, subject, delivered.data, carried, id);
  bus.log.error({ subject, reason, sequence: delivered.seq }, 'message dead-lettered');
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').slice(0, 500);
