import { catalog, type Fact, type JournalEntry, subjectOf } from '@paceline/shared/contracts';
import { BadPayload, type Bus, connect, createBus } from '@paceline/shared/messaging';
import { eventually, testLog } from '@paceline/shared/testing';
import { type DedicatedBroker, dedicatedBroker } from '@paceline/shared/testing/backend';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Journal, JournalTaken, openJournal } from './journal.ts';

let place: DedicatedBroker;
let bus: Bus;
let admin: Bus;
let next = 0;

beforeAll(async () => {
  place = await dedicatedBroker();
  const log = testLog('journal-test');
  admin = createBus(place.admin, log);
  bus = createBus(await connect(place.brokerUrl('limiter'), 'limiter'), log);
});

afterAll(async () => {
  await bus?.connection.close();
  await place?.close();
});

/** A partition that no other test writes to. */
const fresh = () => next++;
const claim = (owner: string): Fact[] => [{ fact: 'claimed', owner, at: 1 }];
const write = (journal: Journal, owner: string) => journal.append({ entry: 'facts', facts: claim(owner) });
const owners = (entries: readonly JournalEntry[]) =>
  entries.flatMap((entry) =>
    entry.entry === 'snapshot'
      ? [`restated by ${entry.owner}`]
      : entry.facts.flatMap((fact) => (fact.fact === 'claimed' ? [fact.owner] : [])),
  );
const restate = (journal: Journal) =>
  journal.append({ entry: 'snapshot', owner: 'me', at: 1, lostAt: null, budgets: [] });

/** How many entries the broker holds of a partition. */
async function kept(partition: number): Promise<number> {
  const { streams } = await jetstreamManager(admin.connection);
  const subject = subjectOf(catalog.journal, { partition });
  const { state } = await streams.info(catalog.journal.stream, { subjects_filter: subject });
  return state.subjects?.[subject] ?? 0;
}

describe('a journal', () => {
  it('that is empty tells nothing', async () => {
    expect(await openJournal(bus, fresh()).read()).toEqual({
      entries: [],
      lastStoredAt: undefined,
      lastSequence: 0,
    });
  });

  it('is read in the order in which it was written, with the time of its last entry', async () => {
    const partition = fresh();
    const journal = openJournal(bus, partition);
    await write(journal, 'a');
    const sequence = await write(journal, 'b');
    const told = await openJournal(bus, partition).read();
    expect(owners(told.entries)).toEqual(['a', 'b']);
    expect(told.lastSequence).toBe(sequence);
    expect(told.lastStoredAt).toBeGreaterThan(0);
  });

  it('is no longer written by who has not seen its last entry', async () => {
    const partition = fresh();
    const journal = openJournal(bus, partition);
    await write(journal, 'first');
    const other = openJournal(bus, partition);
    await other.read();
    await write(other, 'second');
    await expect(write(journal, 'late')).rejects.toThrow(JournalTaken);
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['first', 'second']);
  });

  it('is recovered from where it was stated anew, as soon as the next entry says so', async () => {
    const partition = fresh();
    const journal = openJournal(bus, partition);
    await write(journal, 'old');
    const sequence = await restate(journal);
    await journal.recoverFrom(sequence);
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['old', 'restated by me']);
    await write(journal, 'new');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['restated by me', 'new']);
  });

  it('keeps what is older as history, and no more than that', async () => {
    const partition = fresh();
    const journal = openJournal(bus, partition, { history: 4 });
    for (const owner of ['a', 'b', 'c', 'd', 'e']) await write(journal, owner);
    const sequence = await restate(journal);
    await journal.recoverFrom(sequence);
    expect(await kept(partition)).toBe(6);
    for (const owner of ['f', 'g']) await write(journal, owner);
    const again = await restate(journal);
    await journal.recoverFrom(again);
    expect(await kept(partition)).toBe(4);
    await write(journal, 'h');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['restated by me', 'h']);
  });

  it('passes over what no limiter has written, and goes on behind it', async () => {
    const partition = fresh();
    const subject = subjectOf(catalog.journal, { partition });
    const journal = openJournal(bus, partition);
    await write(journal, 'old');
    const sequence = await restate(journal);
    await journal.recoverFrom(sequence);
    const last = await write(journal, 'mine');
    // As an answer of the broker's that somebody wants to have here.
    await admin.js.publish(subject, '{"type":"io.nats.jetstream.api.v1.stream_info_response"}');
    await expect(write(journal, 'late')).rejects.toThrow(JournalTaken);

    const told = await journal.read();
    expect(owners(told.entries)).toEqual(['restated by me', 'mine']);
    expect(told.lastSequence).toBe(last);
    await write(journal, 'behind it');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual([
      'restated by me',
      'mine',
      'behind it',
    ]);
  });

  it('is not read when a limiter has written what this one does not understand', async () => {
    const partition = fresh();
    await write(openJournal(bus, partition), 'before');
    const later = headers();
    later.set('Paceline-Kind', 'journal-entry');
    const subject = subjectOf(catalog.journal, { partition });
    await admin.js.publish(subject, '{"entry":"of a later version"}', { headers: later });
    await expect(openJournal(bus, partition).read()).rejects.toThrow(BadPayload);
  });

  it('loses nothing and doubles nothing when the broker is killed between its entries', async () => {
    const partition = fresh();
    const journal = openJournal(bus, partition);
    await write(journal, 'before');
    await place.nats.kill();
    await place.nats.restart();
    await eventually(() => bus.connection.rtt(), { timeoutMs: 60_000 });
    await journal.read();
    await write(journal, 'after');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['before', 'after']);
  });
});
