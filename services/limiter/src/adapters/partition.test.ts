import { createVirtualClock } from '@paceline/shared/clock';
import type { JournalEntry, PermitReply, PermitRequest } from '@paceline/shared/contracts';
import { eventually, testLog } from '@paceline/shared/testing';
import { describe, expect, it } from 'vitest';
import { settings } from '../core/testing.ts';
import type { HighWaterMark } from './high-water-mark.ts';
import type { Content, Journal } from './journal.ts';
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

/** A partition on a journal that takes everything, and how often that was read. */
async function openOn(announce: Partial<Announce> = {}, fails?: (content: Content) => boolean) {
  const clock = createVirtualClock(1_000_000);
  const entries: JournalEntry[] = [];
  let reads = 0;
  const journal: Journal = {
    async read() {
      reads += 1;
      return { entries: [...entries], lastStoredAt: clock.now(), lastSequence: entries.length };
    },
    append(content) {
      if (fails?.(content)) throw new Error('no journal');
      return Promise.resolve(entries.push({ ...content, recoverFrom: 0 }));
    },
    recoverFrom: async () => undefined,
    time: async () => ({ realMs: clock.now(), heardAt: clock.machine.elapsed(), tookMs: 0 }),
  };
  const highWaterMark: HighWaterMark = {
    appended: () => undefined,
    reached: () => 0,
    noted: async () => 0,
    note: async () => undefined,
  };
  const partition = openPartition({
    owner: 'me',
    journal,
    highWaterMark,
    clock,
    settings,
    announce: { turn: () => undefined, lost: () => undefined, ...announce },
    log: testLog('partition-test'),
  });
  await eventually(() => expect(partition.ready()).toBe(true));
  const answerTo = (ticket: string) =>
    new Promise<PermitReply['answer'] | undefined>((resolve) => {
      partition.handle([acquire(ticket)], ([reply]) => resolve(reply?.answer));
    });
  return { partition, clock, answerTo, reads: () => reads };
}

describe('a partition', () => {
  it('answers the others when one answer can not be sent, and tells that one that there is none', async () => {
    const { partition, answerTo } = await openOn();
    const first = answerTo('first');
    const heard: string[] = [];
    partition.handle([acquire('too large')], ([reply]) => {
      if (reply?.answer === 'started') throw new Error('above the largest message');
      heard.push(reply?.answer ?? '');
    });
    expect([await first, await answerTo('third')]).toEqual(['started', 'started']);
    expect(heard).toEqual(['unavailable']);
  });

  it('goes on when a turn can not be announced', async () => {
    const { answerTo, reads } = await openOn({
      turn() {
        throw new Error('the connection is closing');
      },
    });
    expect([await answerTo('first'), await answerTo('second')]).toEqual(['started', 'started']);
    expect(reads()).toBe(1);
  });

  it('turns a turn away that it fails to carry out, and goes on from its journal', async () => {
    let isBroken = true;
    const isStart = (content: Content) => content.entry === 'facts' && content.facts[0]?.fact === 'started';
    const { partition, clock, answerTo, reads } = await openOn({}, (content) => isBroken && isStart(content));
    expect(await answerTo('first')).toBe('unavailable');
    isBroken = false;
    await clock.advance(250);
    await eventually(() => expect(partition.ready()).toBe(true));
    expect(reads()).toBe(2);
    // Those who waited before come first, for a while.
    await clock.advance(500);
    expect(await answerTo('second')).toBe('started');
  });
});
