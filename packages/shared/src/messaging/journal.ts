import { headers, type MsgHdrs } from '@nats-io/nats-core';
import { catalog, type JournalEntry } from '../contracts/index.ts';
import { BadPayload, decode } from './bus.ts';

/** Limiters know their entries by this header, also those that they cannot read. */
const mark = { name: 'Paceline-Kind', value: 'journal-entry' };

/** The headers of an entry of the journal. */
export function journalHeaders(): MsgHdrs {
  const carried = headers();
  carried.set(mark.name, mark.value);
  return carried;
}

/**
 * The entry in a message of the journal's stream; undefined when no limiter has written it. The broker sends its answers
 * to wherever a request wants them, so one can be made to land here.
 * @throws {BadPayload} when a limiter of a later version has written it: what it says may weigh
 */
export function journalEntryOf(stored: {
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
