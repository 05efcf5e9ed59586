import { jetstreamManager } from '@nats-io/jetstream';
import type { WorkMessage } from '../contracts/index.ts';
import type { Bus } from './bus.ts';

/**
 * The id of the message at this place of its stream; undefined when it is gone. The stream's leader is asked: no other
 * knows for sure.
 * @throws when the broker does not answer, or may not be asked
 */
export async function idAt(bus: Bus, { stream }: WorkMessage, sequence: number): Promise<string | undefined> {
  // A stream begins with 1.
  if (sequence < 1) return undefined;
  const { streams } = await jetstreamManager(bus.connection, { checkAPI: false });
  const stored = await streams.getMessage(stream, { seq: sequence });
  return stored?.header.get('Nats-Msg-Id');
}
