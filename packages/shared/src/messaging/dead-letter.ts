import type { JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { deadLetterSubject, type WorkMessage } from '../contracts/index.ts';
import { injectTraceContext } from '../telemetry/index.ts';
import type { Bus } from './bus.ts';
import { store } from './store.ts';

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
