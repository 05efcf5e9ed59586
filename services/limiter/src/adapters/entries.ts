import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/nats-core';
import { catalog, type JournalEntry } from '@paceline/shared/contracts';
import { BadPayload, decode, retryWhileUnavailable } from '@paceline/shared/messaging';

/** By this a limiter knows what limiters have written, also what it can't read. */
const mark = { name: 'Paceline-Kind', value: 'journal-entry' };

export function marked(): MsgHdrs {
  const carried = headers();
  carried.set(mark.name, mark.value);
  return carried;
}

/**
 * What a message of the journal says; undefined when no limiter has written it. The broker sends its answers to wherever
 * a request wants them, so one can be made to land here.
 * @throws {BadPayload} when a limiter has, in words of a later version: what it says may weigh
 */
export function entryOf(stored: {
  readonly data: Uint8Array;
  readonly header?: MsgHdrs;
}): JournalEntry | undefined {
  try {
    return decode(catalog.journal.payload, stored.data);
  } catch (error) {
    if (error instanceof BadPayload && stored.header?.get(mark.name) !== mark.value) return undefined;
    throw error;
  }
}

/** So many places are read from at once: each entry is a request of its own. */
const hands = 16;

/**
 * The messages of a subject from one place of the journal's stream to another, both included, in order. The stream's
 * leader is asked for each: a consumer would have to be made by the leader of the whole cluster, who may be away as well.
 */
export async function entriesBetween(
  { streams }: JetStreamManager,
  subject: string,
  from: number,
  to: number,
): Promise<StoredMsg[]> {
  const share = Math.ceil((to - from + 1) / hands);
  const parts = Array.from({ length: hands }, async (_, hand) => {
    const begin = from + hand * share;
    const end = Math.min(to, begin + share - 1);
    const found: StoredMsg[] = [];
    for (let next = begin; next <= end;) {
      const query = { seq: next, next_by_subj: subject };
      const stored = await retryWhileUnavailable(() => streams.getMessage(catalog.journal.stream, query));
      if (!stored || stored.seq > end) break;
      found.push(stored);
      next = stored.seq + 1;
    }
    return found;
  });
  return (await Promise.all(parts)).flat();
}
