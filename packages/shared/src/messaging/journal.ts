import { headers, type MsgHdrs } from '@nats-io/nats-core';
import { catalog, type JournalEntry } from '../contracts/index.ts';
import { BadPayload, decode } from './bus.ts';

/** Marks the limiter's own entries, including ones that this version cannot parse. */
const mark = { name: 'Paceline-Kind', value: 'journal-entry' };

export function journalHeaders(): MsgHdrs {
  const marked = headers();
  marked.set(mark.name, mark.value);
  return marked;
}

/** Parses a journal entry; undefined when no limiter wrote it: replies to other services can end up here. @throws {BadPayload} for a newer format */
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
