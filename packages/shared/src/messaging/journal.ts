import { headers, type MsgHdrs } from '@nats-io/nats-core';
import { catalog, type JournalEntry } from '../contracts/index.ts';
import { BadPayload, decode } from './bus.ts';

/** Limiters know their entries by this header, also those that they cannot read. */
const mark = { name: 'Paceline-Kind', value: 'journal-entry' };

export function journalHeaders(): MsgHdrs {
  const carried = headers();
  carried.set(mark.name, mark.value);
  return carried;
}

/** The journal entry; undefined when no limiter wrote it (any reply can land here). @throws {BadPayload} on a newer format */
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
