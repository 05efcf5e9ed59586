import type { JsMsg } from '@nats-io/jetstream';
import { eventShare, type ToldEvent } from '../contracts/index.ts';
import type { Bus } from './bus.ts';
import type { Handling } from './handle.ts';
import { toldEvent } from './read-events.ts';
import { retryWhileUnavailable } from './retry.ts';

const atOnce = 100;
const pauseMs = 500;

/**
 * Takes what is told, in batches, each thing by one of all processes that do so; a batch that `take` fails is
 * delivered again, to whoever is free. So a thing may come twice and out of order: `take` must not mind.
 */
export async function shareEvents(
  bus: Bus,
  take: (events: readonly ToldEvent[]) => Promise<void>,
): Promise<Handling> {
  const consumer = await retryWhileUnavailable(() => bus.js.consumers.get('EVENTS', eventShare.durable));
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      try {
        const batch = await consumer.fetch({ max_messages: atOnce, expires: 1_000 });
        const stop = () => batch.stop();
        stopping.signal.addEventListener('abort', stop, { once: true });
        const messages: JsMsg[] = [];
        for await (const message of batch) messages.push(message);
        stopping.signal.removeEventListener('abort', stop);
        await settle(messages);
      } catch (error) {
        bus.log.warn({ err: error }, 'the broker gave no events, asking again');
        await pause();
      }
    }
  })();

  async function settle(messages: readonly JsMsg[]): Promise<void> {
    if (messages.length === 0) return;
    try {
      const events = messages.map((message) => toldEvent(bus, message.seq, message));
      await take(events.filter((event) => event !== undefined));
      for (const message of messages) message.ack();
    } catch (error) {
      bus.log.warn({ err: error }, 'events could not be kept yet');
      for (const message of messages) message.nak(pauseMs);
    }
  }

  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, pauseMs));
