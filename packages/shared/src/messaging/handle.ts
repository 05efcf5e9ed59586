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

/** What becomes of a work message: a handler returns it. */
export type Settlement =
  | { readonly settle: 'done' }
  /** Real ms. */
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

export interface WorkConsumer {
  /** Takes no new messages and waits for those in hand. */
  stop(): Promise<void>;
}

interface Work<M extends WorkMessage> {
  readonly bus: Bus;
  readonly message: M;
  readonly handler: (payload: PayloadOf<M>) => Promise<Settlement>;
  readonly onDeadLetter: ((payload: PayloadOf<M>, reason: string) => Promise<void>) | undefined;
}

/** Handles `delivery.concurrency` messages at a time and keeps them alive; one that throws is retried, then dead-lettered. */
export async function handle<M extends WorkMessage>(
  bus: Bus,
  message: M,
  handler: Work<M>['handler'],
  onDeadLetter?: Work<M>['onDeadLetter'],
): Promise<WorkConsumer> {
  const { subject, delivery } = message;
  const consumer = await retryWhileUnavailable(() =>
    bus.js.consumers.get(message.stream, durableOf(message)),
  );
  deadLetters.add(0, { subject });
  const work: Work<M> = { bus, message, handler, onDeadLetter };
  const inHand = new Set<Promise<void>>();
  const stopping = new AbortController();
  const take = (delivered: JsMsg) => {
    const settled = settle(work, delivered).finally(() => inHand.delete(settled));
    inHand.add(settled);
  };
  // Asks for as many messages as there are free hands, again and again, also after the broker was away.
  const pulling = pullWhile(bus, stopping.signal, subject, async () => {
    const free = delivery.concurrency - inHand.size;
    if (free === 0) return Promise.race(inHand);
    const batch = fetchBatch(consumer, { max_messages: free, expires: 2_000 }, stopping.signal);
    for await (const delivered of batch) take(delivered);
  });
  return {
    async stop() {
      stopping.abort();
      await pulling;
      await Promise.all(inHand);
    },
  };
}

/** Repeats `pull` until the signal aborts; what fails is logged and tried again. */
export async function pullWhile(
  { log }: Bus,
  signal: AbortSignal,
  subject: string,
  pull: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await pull();
    } catch (error) {
      log.warn({ err: error, subject }, 'the broker gave no messages, asking again');
      await sleep(500);
    }
  }
}

/** The next messages of a consumer, as they come; it ends when there are enough, after `expires`, or with the signal. */
export async function* fetchBatch(
  consumer: Consumer,
  options: { readonly max_messages: number; readonly expires: number },
  signal: AbortSignal,
): AsyncGenerator<JsMsg> {
  const batch = await consumer.fetch(options);
  const stop = () => batch.stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    yield* batch;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function settle<M extends WorkMessage>(work: Work<M>, delivered: JsMsg): Promise<void> {
  const { bus, message } = work;
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
      const settlement = await decide(work, delivered, processing);
      processing.setAttribute('paceline.settlement', settlement.settle);
      await carryOut(work, delivered, settlement);
    });
  } catch (error) {
    // Not acknowledged: the broker delivers it again.
    bus.log.error({ err: error, subject }, 'a message could not be settled');
  } finally {
    clearInterval(alive);
  }
}

async function decide<M extends WorkMessage>(
  { bus, message, handler }: Work<M>,
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
  work: Work<M>,
  delivered: JsMsg,
  settlement: Settlement,
): Promise<void> {
  const { subject } = work.message;
  switch (settlement.settle) {
    case 'done':
      await delivered.ackAck();
      return;
    case 'retry': {
      const { reason, afterMs } = settlement;
      work.bus.log.warn({ subject, reason, afterMs }, 'message will be tried again');
      delivered.nak(afterMs);
      return;
    }
    case 'dead-letter':
      deadLetters.add(1, { subject });
      await storeDeadLetter(work, delivered, settlement.reason);
      await reportDeadLetter(work, delivered, settlement.reason);
      delivered.term(settlement.reason);
      return;
  }
}

/** Keeps a message that can't be handled, as it came, with the reason in its headers. */
async function storeDeadLetter<M extends WorkMessage>(
  { bus, message }: Work<M>,
  delivered: JsMsg,
  reason: string,
): Promise<void> {
  const carried = headers();
  injectTraceContext(carried);
  carried.set('Dead-Letter-Reason', reason.replace(/\s+/g, ' ').slice(0, 500));
  carried.set('Dead-Letter-Attempts', String(delivered.info.deliveryCount));
  carried.set('Dead-Letter-Sequence', String(delivered.seq));
  const id = `dead-letter:${delivered.info.stream}:${delivered.seq}`;
  const subject = deadLetterSubject(message.subject);
  await store(bus, subject, delivered.data, carried, id);
  bus.log.error({ subject, reason, sequence: delivered.seq }, 'message dead-lettered');
}

async function reportDeadLetter<M extends WorkMessage>(
  { message, onDeadLetter }: Work<M>,
  delivered: JsMsg,
  reason: string,
): Promise<void> {
  if (!onDeadLetter) return;
  let payload: PayloadOf<M>;
  try {
    payload = decode(message.payload, delivered.data) as PayloadOf<M>;
  } catch {
    return;
  }
  await onDeadLetter(payload, reason);
}
