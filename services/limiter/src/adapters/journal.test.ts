import { catalog, type Fact, type JournalEntry, subjectOf } from '@paceline/shared/contracts';
import { BadPayload, type Bus, connect, createBus } from '@paceline/shared/messaging';
import { eventually, testLog } from '@paceline/shared/testing';
import { type DedicatedBroker, dedicatedBroker } from '@paceline/shared/testing/backend';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClaimLost, type Journal, openJournal } from './journal.ts';

let broker: DedicatedBroker;
let bus: Bus;
let admin: Bus;
let next = 0;

beforeAll(async () => {
  broker = await dedicatedBroker();
  const log = testLog('journal-test');
  admin = createBus(broker.admin, log);
  bus = createBus(await connect(broker.brokerUrl('limiter'), 'limiter'), log);
});

afterAll(async () => {
  await bus?.connection.close();
  await broker?.close();
});

/** A partition that no other test uses. */
const newPartition = () => next++;
const claim = (owner: string): Fact[] => [{ fact: 'claimed', owner, at: 1 }];
const write = (journal: Journal, owner: string) => journal.append({ entry: 'facts', facts: claim(owner) });
const owners = (entries: readonly JournalEntry[]) =>
  entries.flatMap((entry) =>
    entry.entry === 'snapshot'
      ? [`snapshot by ${entry.owner}`]
      : entry.facts.flatMap((fact) => (fact.fact === 'claimed' ? [fact.owner] : [])),
  );
const writeSnapshot = (journal: Journal) =>
  journal.append({ entry: 'snapshot', owner: 'me', at: 1, lostAt: null, budgets: [] });

/** The number of entries that the broker holds for a partition. */
async function countEntries(partition: number): Promise<number> {
  const { streams } = await jetstreamManager(admin.connection);
  const subject = subjectOf(catalog.journal, { partition });
  const { state } = await streams.info(catalog.journal.stream, { subjects_filter: subject });
  return state.subjects?.[subject] ?? 0;
}

describe('a journal', () => {
  it('returns no entries when it is empty', async () => {
    expect(await openJournal(bus, newPartition()).read()).toEqual({
      entries: [],
      lastStoredAt: undefined,
      lastSequence: 0,
      hasGap: false,
    });
  });

  it('is read in write order, with the time of its last entry', async () => {
    const partition = newPartition();
    const journal = openJournal(bus, partition);
    await write(journal, 'a');
    const sequence = await write(journal, 'b');
    const stored = await openJournal(bus, partition).read();
    expect(owners(stored.entries)).toEqual(['a', 'b']);
    expect(stored.lastSequence).toBe(sequence);
    expect(stored.lastStoredAt).toBeGreaterThan(0);
  });

  it.each([
    ['between others', 1],
    ['where recovery starts', 0],
  ])('shows that it has lost an entry %s', async (_, index) => {
    const partition = newPartition();
    const journal = openJournal(bus, partition);
    const sequences = [await write(journal, 'a'), await write(journal, 'b'), await write(journal, 'c')];
    expect((await openJournal(bus, partition).read()).hasGap).toBe(false);
    const { streams } = await jetstreamManager(admin.connection);
    await streams.deleteMessage(catalog.journal.stream, sequences[index] ?? 0);
    expect((await openJournal(bus, partition).read()).hasGap).toBe(true);
  });

  it('rejects an append by an owner that has not seen its last entry', async () => {
    const partition = newPartition();
    const journal = openJournal(bus, partition);
    await write(journal, 'first');
    const other = openJournal(bus, partition);
    await other.read();
    await write(other, 'second');
    await expect(write(journal, 'late')).rejects.toThrow(ClaimLost);
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['first', 'second']);
  });

  it('is recovered from its snapshot once the next entry refers to it', async () => {
    const partition = newPartition();
    const journal = openJournal(bus, partition);
    await write(journal, 'old');
    const sequence = await writeSnapshot(journal);
    await journal.recoverFrom(sequence);
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['old', 'snapshot by me']);
    await write(journal, 'new');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['snapshot by me', 'new']);
  });

  it('keeps the configured number of older entries as history', async () => {
    const partition = newPartition();
    const journal = openJournal(bus, partition, { history: 4 });
    for (const owner of ['a', 'b', 'c', 'd', 'e']) await write(journal, owner);
    const sequence = await writeSnapshot(journal);
    await journal.recoverFrom(sequence);
    expect(await countEntries(partition)).toBe(6);
    for (const owner of ['f', 'g']) await write(journal, owner);
    const again = await writeSnapshot(journal);
    await journal.recoverFrom(again);
    expect(await countEntries(partition)).toBe(4);
    await write(journal, 'h');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['snapshot by me', 'h']);
  });

  it('skips a message that no limiter wrote, and continues after it', async () => {
    const partition = newPartition();
    const subject = subjectOf(catalog.journal, { partition });
    const journal = openJournal(bus, partition);
    await write(journal, 'old');
    const sequence = await writeSnapshot(journal);
    await journal.recoverFrom(sequence);
    const last = await write(journal, 'mine');
    // Like a broker reply that a client had sent here.
    await admin.js.publish(subject, '{"type":"io.nats.jetstream.api.v1.stream_info_response"}');
    await expect(write(journal, 'late')).rejects.toThrow(ClaimLost);

    const stored = await journal.read();
    expect(owners(stored.entries)).toEqual(['snapshot by me', 'mine']);
    expect(stored.lastSequence).toBe(last);
    await write(journal, 'after it');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual([
      'snapshot by me',
      'mine',
      'after it',
    ]);
  });

  it('cannot be read when a limiter wrote an entry of a newer format', async () => {
    const partition = newPartition();
    await write(openJournal(bus, partition), 'before');
    const later = headers();
    later.set('Paceline-Kind', 'journal-entry');
    const subject = subjectOf(catalog.journal, { partition });
    await admin.js.publish(subject, '{"entry":"of a later version"}', { headers: later });
    await expect(openJournal(bus, partition).read()).rejects.toThrow(BadPayload);
  });

  it('neither loses nor repeats an entry when the broker is killed between two appends', async () => {
    const partition = newPartition();
    const journal = openJournal(bus, partition);
    await write(journal, 'before');
    await broker.nats.kill();
    await broker.nats.restart();
    await eventually(() => bus.connection.rtt(), { timeoutMs: 60_000 });
    await journal.read();
    await write(journal, 'after');
    expect(owners((await openJournal(bus, partition).read()).entries)).toEqual(['before', 'after']);
  });
});
