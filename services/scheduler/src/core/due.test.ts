import type { SchedulePeriod } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { due } from './due.ts';
import { always, settingsBy } from './testing.ts';

const minute = 60_000;
const at = (iso: string) => Date.parse(iso);
const far = { SLOT_FAR: '30 */2 * * *', SLOT_FAR_DURATION: '25m' };

const idsOf = ({ ticks }: ReturnType<typeof due>) => ticks.map(({ slotId }) => slotId);
const missedOf = ({ missed }: ReturnType<typeof due>) =>
  missed.map(({ slot, becomes, policy }) => [slot.slotId, becomes, policy]);

describe('what is due', () => {
  it('is a rider sync at once at the very first start, with all the time until the next one', () => {
    const now = at('2026-03-01T03:00Z');
    expect(due(always(), 'rider', undefined, now).ticks).toEqual([
      {
        slotId: 'slot:rider:initial',
        kind: 'rider',
        scheduledFor: now,
        endsAt: at('2026-03-01T06:00Z'),
        mode: 'on',
      },
    ]);
  });

  it('is the slot that is open at the very first start, and then no other sync of that kind', () => {
    expect(idsOf(due(always(), 'rider', undefined, at('2026-03-01T06:04Z')))).toEqual([
      'slot:rider:2026-03-01T06:00:00.000Z',
    ]);
    expect(idsOf(due(always(), 'near', undefined, at('2026-03-01T06:09Z')))).toEqual([]);
  });

  it('is a slot that is still open when the scheduler was away at its opening', () => {
    const found = due(always(far), 'far', at('2026-03-01T00:30Z'), at('2026-03-01T04:40Z'));
    expect(idsOf(found)).toEqual(['slot:far:2026-03-01T04:30:00.000Z']);
    expect(missedOf(found)).toEqual([['slot:far:2026-03-01T02:30:00.000Z', 'skipped', 'skip']]);
    expect(found.handled).toBe(at('2026-03-01T04:30Z'));
  });

  it('is nothing twice: going on from what was handled finds no slot again', () => {
    const now = at('2026-03-01T04:40Z');
    const { handled } = due(always(far), 'far', at('2026-03-01T00:30Z'), now);
    expect(due(always(far), 'far', handled, now)).toEqual({ ticks: [], missed: [], handled });
  });

  it('never is a slot of the far past, however long the scheduler was away', () => {
    const { missed } = due(always(), 'near', at('2025-01-01T00:00Z'), at('2026-03-01T04:00Z'));
    expect(missed.length).toBeLessThanOrEqual(7 * 24 * 4);
  });
});

describe('slots that were over before anybody was there', () => {
  const [last, now] = [at('2026-03-01T00:30Z'), at('2026-03-01T09:00Z')];
  const missedBy = (catchUp: string) => due(always({ ...far, SLOT_FAR_CATCH_UP: catchUp }), 'far', last, now);
  const hours = (found: ReturnType<typeof due>) =>
    found.ticks.map(({ scheduledFor }) => new Date(scheduledFor).getUTCHours());

  it('are left to the next one, or the last of them is run late, or all up to an age in their order', () => {
    expect(hours(missedBy('skip'))).toEqual([]);
    expect(hours(missedBy('latest'))).toEqual([8]);
    expect(hours(missedBy('all 5h'))).toEqual([4, 6, 8]);
    expect(hours(missedBy('all 24h'))).toEqual([2, 4, 6, 8]);
  });

  it('have until the next one of their kind opens', () => {
    expect(missedBy('all 5h').ticks.map(({ endsAt }) => endsAt)).toEqual(
      Array.from({ length: 3 }, () => at('2026-03-01T10:30Z')),
    );
  });

  it('are each accounted for, with the policy', () => {
    expect(missedOf(missedBy('all 3h')).map(([, ...what]) => what)).toEqual([
      ['skipped', 'all 3h'],
      ['skipped', 'all 3h'],
      ['run late', 'all 3h'],
      ['run late', 'all 3h'],
    ]);
  });

  it('need not be run when a later one is open', () => {
    const found = due(always({ ...far, SLOT_FAR_CATCH_UP: 'latest' }), 'far', last, at('2026-03-01T08:40Z'));
    expect(hours(found)).toEqual([8]);
    expect(found.ticks[0]?.endsAt).toBe(at('2026-03-01T08:55Z'));
  });
});

describe('a kind that is', () => {
  const now = at('2026-03-01T04:40Z');

  it('observed has its ticks say so', () => {
    const found = due(always({ ...far, SYNC_FAR: 'observed' }), 'far', at('2026-03-01T02:30Z'), now);
    expect(found.ticks.map(({ mode }) => mode)).toEqual(['observed']);
  });

  it('off has none, not at the very first start either', () => {
    expect(due(always({ SYNC_RIDER: 'off' }), 'rider', undefined, now)).toEqual({
      ticks: [],
      missed: [],
      handled: undefined,
    });
  });

  it('turned off skips what it has missed for good, and turned on begins with its next slot', () => {
    const eras: SchedulePeriod[] = [
      ...always(far),
      { since: now, settings: settingsBy({ ...far, SYNC_FAR: 'off' }) },
      { since: now + 20 * minute, settings: settingsBy({ ...far, SLOT_FAR_CATCH_UP: 'latest' }) },
    ];
    const off = due(eras.slice(0, 2), 'far', at('2026-03-01T00:30Z'), now + minute);
    expect(missedOf(off).map(([, ...what]) => what)).toEqual([
      ['skipped', 'off'],
      ['skipped', 'off'],
    ]);
    expect(idsOf(due(eras, 'far', off.handled, at('2026-03-01T06:31Z')))).toEqual([
      'slot:far:2026-03-01T06:30:00.000Z',
    ]);
  });
});

describe('a schedule that was changed', () => {
  it('counts from then on: what it would have opened before is not due, what the one before left is still due', () => {
    const change = at('2026-03-01T10:42Z');
    const eras: SchedulePeriod[] = [
      ...always(),
      { since: change, settings: settingsBy({ SLOT_NEAR: 'every 5m', SLOT_NEAR_DURATION: '5m' }) },
    ];
    const opened = due(eras, 'near', at('2026-03-01T10:25Z'), at('2026-03-01T10:46Z'));
    expect(opened.ticks.map(({ slotId, endsAt }) => [slotId, endsAt])).toEqual([
      ['slot:near:2026-03-01T10:40:00.000Z', at('2026-03-01T10:50Z')],
      ['slot:near:2026-03-01T10:45:00.000Z', at('2026-03-01T10:50Z')],
    ]);
    expect(opened.missed).toEqual([]);
  });

  it('runs the latest missed slot late although a longer slot of the schedule before is still open', () => {
    const long = settingsBy({ SLOT_FAR: 'every 7m', SLOT_FAR_DURATION: '20m' });
    const short = { SLOT_FAR: '10,40 * * * *', SLOT_FAR_DURATION: '1m', SLOT_FAR_CATCH_UP: 'latest' };
    const eras: SchedulePeriod[] = [
      { since: 0, settings: long },
      { since: at('2026-10-25T02:30Z'), settings: settingsBy(short) },
    ];
    const found = due(eras, 'far', at('2026-10-25T02:22Z'), at('2026-10-25T02:41Z'));
    expect(found.ticks.map(({ slotId, endsAt }) => [slotId, endsAt])).toEqual([
      ['slot:far:2026-10-25T02:26:00.000Z', at('2026-10-25T02:46Z')],
      ['slot:far:2026-10-25T02:40:00.000Z', at('2026-10-25T03:10Z')],
    ]);
    expect(missedOf(found)).toEqual([['slot:far:2026-10-25T02:40:00.000Z', 'run late', 'latest']]);
  });
});
