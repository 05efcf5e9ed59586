import { createVirtualClock } from '@paceline/shared/clock';
import type { JournalEntry, PermitReply, PermitRequest } from '@paceline/shared/contracts';
import { eventually, testLog } from '@paceline/shared/testing';
import { describe, expect, it } from 'vitest';
import { settings } from '../core/testing.ts';
import type { CallRecord } from './call-record.ts';
import type { NewEntry, Journal } from './journal.ts';
import { type Announce, openPartition } from './partition.ts';

const acquire = (ticket: string): PermitRequest => ({
  do: 'acquire',
  ticket,
  account: 'team',
  endpoint: 'riders_single',
  lane: 'rider_sync',
  requestedAt: 0,
  offerTo: 'client',
  trace: {},
  start: true,
});

/** A partition on a journal in memory that accepts every append, and the number of its reads. */
async function openTestPartition(announce: Partial<Announce> = {}, fails?: (entry: NewEntry) => boolean) {
  const clock = createVirtualClock(1_000_000);
  const entries: JournalEntry[] = [];
  let reads = 0;
  const journal: Journal = {
    async read() {
      reads += 1;
      return {
        entries: [...entries],
        lastStoredAt: clock.now(),
        lastSequence: entries.length,
        hasGap: false,
      };
    },
    append(entry) {
      if (fails?.(entry)) throw new Error('no journal');
      return Promise.resolve(entries.push({ ...entry, recoverFrom: 0 }));
    },
    reached: () => entries.length,
    recoverFrom: async () => undefined,
    time: async () => ({ realMs: clock.now(), receivedAt: clock.machine.elapsed(), tookMs: 0 }),
  };
  const callRecord: CallRecord = {
    startTerm: async () => ({ term: 1, reached: 0, calls: [], offset: 0 }),
    recordClaim: async () => true,
  };
  const partition = openPartition({
    owner: 'me',
    journal,
    callRecord,
    clock,
    settings,
    announce: { turn: () => undefined, journalLost: () => undefined, ...announce },
    log: testLog('partition-test'),
  });
  await eventually(() => expect(partition.ready()).toBe(true));
  const answerFor = (ticket: string) =>
    new Promise<PermitReply['answer'] | undefined>((resolve) => {
      partition.handle([acquire(ticket)], ([reply]) => resolve(reply?.answer));
    });
  return { partition, clock, answerFor, reads: () => reads };
}

describe('a partition', () => {
  it('replies `unavailable` to a batch whose reply cannot be sent, and normally to the others', async () => {
    const { partition, answerFor } = await openTestPartition();
    const first = answerFor('first');
    const answers: string[] = [];
    partition.handle([acquire('too large')], ([reply]) => {
      if (reply?.answer === 'started') throw new Error('above the largest message');
      answers.push(reply?.answer ?? '');
    });
    expect([await first, await answerFor('third')]).toEqual(['started', 'started']);
    expect(answers).toEqual(['unavailable']);
  });

  it('continues when publishing a turn fails', async () => {
    const { answerFor, reads } = await openTestPartition({
      turn() {
        throw new Error('the connection is closing');
      },
    });
    expect([await answerFor('first'), await answerFor('second')]).toEqual(['started', 'started']);
    expect(reads()).toBe(1);
  });

  it('rejects the requests of a failed turn, and recovers from its journal', async () => {
    let fails = true;
    const isStart = (entry: NewEntry) => entry.entry === 'facts' && entry.facts[0]?.fact === 'started';
    const { partition, clock, answerFor, reads } = await openTestPartition(
      {},
      (entry) => fails && isStart(entry),
    );
    expect(await answerFor('first')).toBe('unavailable');
    fails = false;
    await clock.advance(250);
    await eventually(() => expect(partition.ready()).toBe(true));
    expect(reads()).toBe(2);
    // Nothing is granted during the quiet time after a recovery.
    await clock.advance(500);
    expect(await answerFor('second')).toBe('started');
  });
});
