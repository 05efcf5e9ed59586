import type { MsgHdrs } from '@nats-io/nats-core';
import { ConstantBackoff, handleType, retry } from 'cockatiel';
import type { Bus } from './bus.ts';
import { retryWhileUnavailable } from './retry.ts';

/**
 * The broker says that it has a message of this id, and names no place: it is about to store it, or forgot it in an
 * election and remembers its id all the same (nats-server before 2.11, until the stream's window for duplicates is over).
 */
class NotStored extends Error {
  override name = 'NotStored';
}

/** What is about to be stored has its place within milliseconds. */
const untilPlaced = retry(handleType(NotStored), { maxAttempts: 8, backoff: new ConstantBackoff(250) });

/**
 * Publishes to a stream and waits until the broker has stored it, through a restart or an election.
 * @param id a second message of this id within the stream's window is dropped
 * @returns whether the broker had it already, and its place in the stream
 * @throws when the broker is away for long, or refuses it
 */
export async function store(
  { js }: Bus,
  subject: string,
  data: string | Uint8Array,
  headers: MsgHdrs,
  id: string,
): Promise<{ duplicate: boolean; sequence: number }> {
  const storeAs = (msgID: string) =>
    untilPlaced.execute(async () => {
      const { duplicate, seq } = await retryWhileUnavailable(() =>
        js.publish(subject, data, { headers, msgID }),
      );
      if (seq === 0) throw new NotStored(`the broker knows of the message ${msgID} and has not stored it`);
      return { duplicate, sequence: seq };
    });
  try {
    return await storeAs(id);
  } catch (error) {
    if (!(error instanceof NotStored)) throw error;
    // Should the first one be there after all, its handler does the same work once.
    return storeAs(`${id}:again`);
  }
}
