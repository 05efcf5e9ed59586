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
  repeatedFailure,
  type Span,
  SpanKind,
} from '../telemetry/index.ts';
import { BadPayload, type Bus, decode, retryWhileUnavailable } from './bus.ts';
import { workConsumer } from './provision.ts';
import { messagingAttributes, store } from './publish.ts';
import { type DurableConsumer, ensureConsumer } from './storage.ts';

/** A handler's decision about a work message. */
export type Settlement =
  | { readonly settle: 'done' }
  /** Real ms. */
  | { readonly settle: 'retry'; readonly afterMs: number; readonly reason: string }
  /** Another process gets it: this one can't handle it, and takes no messages until `ready` resolves. */
  | { readonly settle: 'release'; readonly ready: Promise<void>; readonly reason: string }
  /** It can never succeed: stored with the reason and not retried. */
  | { readonly settle: 'dead-letter'; readonly reason: string };

export const done: Settlement = { settle: 'done' };
export const retryAfter = (afterMs: number, reason: string): Settlement => ({
  settle: 'retry',
  afterMs,
  reason,
});
export const release = (ready: Promise<void>, reason: string): Settlement => ({
  settle: 'release',
  ready,
  reason,
});
export const deadLetter = (reason: string): Settlement => ({ settle: 'dead-letter', reason });

/** The settlement of a failed attempt: retried with growing delays, dead-lettered after the last attempt. */
export function afterFailure(reason: string, attempt: number, maxDeliver: number): Settlement {
  if (attempt >= maxDeliver) return deadLetter(`${reason} (attempt ${attempt} of ${maxDeliver})`);
  return retryAfter(Math.min(30_000, 250 * 2 ** (attempt - 1)), reason);
}

const deadLetters = meter().createCounter('paceline.dead_letters', {
  unit: '{message}',
  description: 'Messages that were dead-lettered',
});

/** Real ms that a request for messages waits at the broker. */
const pullMs = 5_000;

export interface WorkConsumer {
  /** Stops taking messages and waits for those in progress. */
  stop(): Promise<void>;
}

interface Work<M extends WorkMessage> {
  readonly bus: Bus;
  readonly message: M;
  /** `attempt`: of the delivery, from 1. */
  readonly handler: (payload: PayloadOf<M>, attempt: number) => Promise<Settlement>;
  readonly onDeadLetter: ((payload: PayloadOf<M>, reason: string) => Promise<void>) | undefined;
}

/** Handles up to `delivery.concurrency` messages at a time. If the handler throws, the message is retried, then dead-lettered. */
export async function handle<M extends WorkMessage>(
  bus: Bus,
  message: M,
  handler: Work<M>['handler'],
  onDeadLetter?: Work<M>['onDeadLetter'],
): Promise<WorkConsumer> {
  const { subject, delivery } = message;
  const durable = workConsumer(message);
  const consumer = await openConsumer(bus, durable);
  deadLetters.add(0, { subject });
  const work: Work<M> = { bus, message, handler, onDeadLetter };
  const inProgress = new Set<Promise<void>>();
  const stopping = new AbortController();
  const stopped = Promise.withResolvers<void>();
  let ready = Promise.resolve();
  const take = (delivered: JsMsg) => {
    const settled = settle(work, delivered).then((settlement) => {
      if (settlement?.settle === 'release') ready = Promise.race([settlement.ready, stopped.promise]);
      inProgress.delete(settled);
    });
    inProgress.add(settled);
  };
  // Pulls as many messages as can be handled now, also after a broker outage.
  const pulling = pullWhile(bus, stopping.signal, durable, async () => {
    await ready;
    const free = delivery.concurrency - inProgress.size;
    if (free === 0) return Promise.race(inProgress);
    const batch = fetchBatch(consumer, { max_messages: free, expires: pullMs }, stopping.signal);
    for await (const delivered of batch) take(delivered);
  });
  return {
    async stop() {
      stopping.abort();
      stopped.resolve();
      await pulling;
      await Promise.all(inProgress);
    },
  };
}

/** Opens a durable consumer, which is created again if it is missing. @throws {Error} when its stream is missing */
export async function openConsumer(bus: Bus, durable: DurableConsumer): Promise<Consumer> {
  await retryWhileUnavailable(() => ensureConsumer(bus, durable));
  return retryWhileUnavailable(() => bus.js.consumers.get(durable.stream, durable.config.durable_name));
}

/** Repeats `pull` until the signal aborts; failures are logged and retried, and a lost consumer is created again. */
export async function pullWhile(
  bus: Bus,
  signal: AbortSignal,
  durable: DurableConsumer,
  pull: () => Promise<void>,
): Promise<void> {
  const consumer = durable.config.durable_name;
  const failures = repeatedFailure((err) =>
    bus.log.warn({ err, consumer }, 'failed to pull messages, retrying'),
  );
  while (!signal.aborted) {
    try {
      await pull();
      failures.succeeded();
    } catch (error) {
      failures.failed(error);
      await ensureConsumer(bus, durable).catch(() => undefined);
      await sleep(500);
    }
  }
}

/** Yields messages of a consumer until there are `max_messages`, `expires` has passed, or the signal aborts. */
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

/** @returns undefined when it could not be settled: the broker delivers it again */
async function settle<M extends WorkMessage>(
  work: Work<M>,
  delivered: JsMsg,
): Promise<Settlement | undefined> {
  const { bus, message } = work;
  const subject = subjectOf(message);
  const id = delivered.headers?.get('Nats-Msg-Id');
  const heartbeat = setInterval(() => delivered.working(), message.delivery.ackWaitMs / 3);
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
    return await inSpan(`process ${subject}`, span, async (processing) => {
      const settlement = await decide(work, delivered, processing);
      processing.setAttribute('paceline.settlement', settlement.settle);
      await applySettlement(work, delivered, settlement);
      return settlement;
    });
  } catch (error) {
    bus.log.error({ err: error, subject }, 'failed to settle a message');
    return undefined;
  } finally {
    clearInterval(heartbeat);
  }
}

async function decide<M extends WorkMessage>(
  { bus, message, handler }: Work<M>,
  delivered: JsMsg,
  span: Span,
): Promise<Settlement> {
  const attempt = delivered.info.deliveryCount;
  const { maxDeliver } = message.delivery;
  // Only reached when the process died during every attempt.
  if (attempt > maxDeliver)
    return deadLetter(`the handler never finished, attempt ${attempt} of ${maxDeliver}`);
  try {
    return await handler(decode(message.payload, delivered.data) as PayloadOf<M>, attempt);
  } catch (error) {
    recordError(span, error);
    if (error instanceof BadPayload) return deadLetter(error.message);
    bus.log.error({ err: error, subject: message.subject, attempt }, 'message handler failed');
    return afterFailure(error instanceof Error ? error.message : String(error), attempt, maxDeliver);
  }
}

async function applySettlement<M extends WorkMessage>(
  work: Work<M>,
  delivered: JsMsg,
  settlement: Settlement,
): Promise<void> {
  const { subject } = work.message;
  switch (settlement.settle) {
    case 'done':
      delivered.ack();
      return;
    case 'retry': {
      const { reason, afterMs } = settlement;
      work.bus.log.warn({ subject, reason, afterMs }, 'message will be retried');
      delivered.nak(afterMs);
      return;
    }
    case 'release':
      work.bus.log.warn({ subject, reason: settlement.reason }, 'message left to another process');
      // Later than the request of this process that may still wait for messages.
      delivered.nak(pullMs + 500);
      return;
    case 'dead-letter':
      deadLetters.add(1, { subject });
      await storeDeadLetter(work, delivered, settlement.reason);
      await reportDeadLetter(work, delivered, settlement.reason);
      delivered.term(settlement.reason);
      return;
  }
}

/** Stores a message unchanged in the dead-letter stream, with the reason in its headers. */
async function storeDeadLetter<M extends WorkMessage>(
  { bus, message }: Work<M>,
  delivered: JsMsg,
  reason: string,
): Promise<void> {
  const carrier = headers();
  injectTraceContext(carrier);
  carrier.set('Dead-Letter-Reason', reason.replace(/\s+/g, ' ').slice(0, 500));
  carrier.set('Dead-Letter-Attempts', String(delivered.info.deliveryCount));
  carrier.set('Dead-Letter-Sequence', String(delivered.seq));
  const id = `dead-letter:${delivered.info.stream}:${delivered.seq}`;
  const subject = deadLetterSubject(message.subject);
  await store(bus, subject, delivered.data, carrier, id);
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
