import type { SchedulePeriod } from '@paceline/shared/contracts';
import { describe, expect, it } from 'vitest';
import { dueTicks } from './due.ts';
import { nextOpening, withChange, withConfigured } from './schedule.ts';
import { fixedSchedule, settingsFrom } from './testing.ts';

const minute = 60_000;
const at = (iso: string) => Date.parse(iso);
const far = { SLOT_FAR: '30 */2 * * *', SLOT_FAR_DURATION: '25m' };

const idsOf = ({ ticks }: ReturnType<typeof dueTicks>) => ticks.map(({ slotId }) => slotId);
const missedOf = ({ missed }: ReturnType<typeof dueTicks>) =>
  missed.map(({ slot, outcome, policy }) => [slot.slotId, outcome, policy]);

describe('due', () => {
  it('opens an initial rider slot at the first start, until the next slot opens', () => {
    const now = at('2026-03-01T03:00Z');
    expect(dueTicks(fixedSchedule(), 'rider', undefined, now).ticks).toEqual([
      {
        slotId: 'slot:rider:initial',
        kind: 'rider',
        scheduledFor: now,
        endsAt: at('2026-03-01T06:00Z'),
        mode: 'on',
      },
    ]);
  });

  it('opens a slot that is open at the first start, and no initial one', () => {
    expect(idsOf(dueTicks(fixedSchedule(), 'rider', undefined, at('2026-03-01T06:04Z')))).toEqual([
      'slot:rider:2026-03-01T06:00:00.000Z',
    ]);
    expect(idsOf(dueTicks(fixedSchedule(), 'near', undefined, at('2026-03-01T06:09Z')))).toEqual([]);
  });

  it('opens a slot late while it is still open', () => {
    const found = dueTicks(fixedSchedule(far), 'far', at('2026-03-01T00:30Z'), at('2026-03-01T04:40Z'));
    expect(idsOf(found)).toEqual(['slot:far:2026-03-01T04:30:00.000Z']);
    expect(missedOf(found)).toEqual([['slot:far:2026-03-01T02:30:00.000Z', 'skipped', 'skip']]);
    expect(found.handled).toBe(at('2026-03-01T04:30Z'));
  });

  it('finds no slot twice when continuing from `handled`', () => {
    const now = at('2026-03-01T04:40Z');
    const { handled } = dueTicks(fixedSchedule(far), 'far', at('2026-03-01T00:30Z'), now);
    expect(dueTicks(fixedSchedule(far), 'far', handled, now)).toEqual({ ticks: [], missed: [], handled });
  });

  it('looks back a week at most, however long the scheduler was down', () => {
    const { missed } = dueTicks(fixedSchedule(), 'near', at('2025-01-01T00:00Z'), at('2026-03-01T04:00Z'));
    expect(missed.length).toBeLessThanOrEqual(7 * 24 * 4);
  });
});

describe('slots missed while no scheduler was running', () => {
  const [last, now] = [at('2026-03-01T00:30Z'), at('2026-03-01T09:00Z')];
  const missedBy = (catchUp: string) =>
    dueTicks(fixedSchedule({ ...far, SLOT_FAR_CATCH_UP: catchUp }), 'far', last, now);
  const hours = (found: ReturnType<typeof dueTicks>) =>
    found.ticks.map(({ scheduledFor }) => new Date(scheduledFor).getUTCHours());

  it('are skipped, or the latest one or all up to an age run late, depending on the policy', () => {
    expect(hours(missedBy('skip'))).toEqual([]);
    expect(hours(missedBy('latest'))).toEqual([8]);
    expect(hours(missedBy('all 5h'))).toEqual([4, 6, 8]);
    expect(hours(missedBy('all 24h'))).toEqual([2, 4, 6, 8]);
  });

  it('run late until the next slot of their kind opens', () => {
    expect(missedBy('all 5h').ticks.map(({ endsAt }) => endsAt)).toEqual(
      Array.from({ length: 3 }, () => at('2026-03-01T10:30Z')),
    );
  });

  it('are each reported with outcome and policy', () => {
    expect(missedOf(missedBy('all 3h')).map(([, ...what]) => what)).toEqual([
      ['skipped', 'all 3h'],
      ['skipped', 'all 3h'],
      ['run late', 'all 3h'],
      ['run late', 'all 3h'],
    ]);
  });

  it('are skipped with policy latest when a later slot is open', () => {
    const found = dueTicks(
      fixedSchedule({ ...far, SLOT_FAR_CATCH_UP: 'latest' }),
      'far',
      last,
      at('2026-03-01T08:40Z'),
    );
    expect(hours(found)).toEqual([8]);
    expect(found.ticks[0]?.endsAt).toBe(at('2026-03-01T08:55Z'));
  });
});

describe('the tick of an open slot', () => {
  const now = at('2026-03-01T04:30Z');
  const lateBy = (catchUp: string) =>
    dueTicks(fixedSchedule({ ...far, SLOT_FAR_CATCH_UP: catchUp }), 'far', now - minute, now).ticks[0]?.late;

  it('says how late a sync may start its run, depending on the policy', () => {
    const untilNext = 120 * minute;
    expect(lateBy('skip')).toBeUndefined();
    expect(lateBy('latest')).toEqual({ until: at('2026-03-01T06:30Z'), maxMs: untilNext });
    expect(lateBy('all 5h')).toEqual({ until: at('2026-03-01T09:30Z'), maxMs: untilNext });
    // Not longer than the slot itself.
    expect(lateBy('all 5m')).toBeUndefined();
  });
});

describe('a kind', () => {
  const now = at('2026-03-01T04:40Z');

  it('that is observed has ticks of mode observed', () => {
    const found = dueTicks(
      fixedSchedule({ ...far, SYNC_FAR: 'observed' }),
      'far',
      at('2026-03-01T02:30Z'),
      now,
    );
    expect(found.ticks.map(({ mode }) => mode)).toEqual(['observed']);
  });

  it('that is off has no ticks, not even at the first start', () => {
    expect(dueTicks(fixedSchedule({ SYNC_RIDER: 'off' }), 'rider', undefined, now)).toEqual({
      ticks: [],
      missed: [],
      handled: undefined,
    });
  });

  it('that was off never runs its missed slots, and continues with its next slot once it is on', () => {
    const periods: SchedulePeriod[] = [
      ...fixedSchedule(far),
      { since: now, settings: settingsFrom({ ...far, SYNC_FAR: 'off' }) },
      { since: now + 20 * minute, settings: settingsFrom({ ...far, SLOT_FAR_CATCH_UP: 'latest' }) },
    ];
    const off = dueTicks(periods.slice(0, 2), 'far', at('2026-03-01T00:30Z'), now + minute);
    expect(missedOf(off).map(([, ...what]) => what)).toEqual([
      ['skipped', 'off'],
      ['skipped', 'off'],
    ]);
    expect(idsOf(dueTicks(periods, 'far', off.handled, at('2026-03-01T06:31Z')))).toEqual([
      'slot:far:2026-03-01T06:30:00.000Z',
    ]);
  });
});

describe('a changed schedule', () => {
  it('applies from the change on; earlier slots of the old schedule are still due', () => {
    const change = at('2026-03-01T10:42Z');
    const periods: SchedulePeriod[] = [
      ...fixedSchedule(),
      { since: change, settings: settingsFrom({ SLOT_NEAR: 'every 5m', SLOT_NEAR_DURATION: '5m' }) },
    ];
    const opened = dueTicks(periods, 'near', at('2026-03-01T10:25Z'), at('2026-03-01T10:46Z'));
    expect(opened.ticks.map(({ slotId, endsAt }) => [slotId, endsAt])).toEqual([
      ['slot:near:2026-03-01T10:40:00.000Z', at('2026-03-01T10:50Z')],
      ['slot:near:2026-03-01T10:45:00.000Z', at('2026-03-01T10:50Z')],
    ]);
    expect(opened.missed).toEqual([]);
  });

  it('runs the latest missed slot late although a longer slot of the old schedule is still open', () => {
    const long = settingsFrom({ SLOT_FAR: 'every 7m', SLOT_FAR_DURATION: '20m' });
    const short = { SLOT_FAR: '10,40 * * * *', SLOT_FAR_DURATION: '1m', SLOT_FAR_CATCH_UP: 'latest' };
    const periods: SchedulePeriod[] = [
      { since: 0, settings: long },
      { since: at('2026-10-25T02:30Z'), settings: settingsFrom(short) },
    ];
    const found = dueTicks(periods, 'far', at('2026-10-25T02:22Z'), at('2026-10-25T02:41Z'));
    expect(found.ticks.map(({ slotId, endsAt }) => [slotId, endsAt])).toEqual([
      ['slot:far:2026-10-25T02:26:00.000Z', at('2026-10-25T02:46Z')],
      ['slot:far:2026-10-25T02:40:00.000Z', at('2026-10-25T03:10Z')],
    ]);
    expect(missedOf(found)).toEqual([['slot:far:2026-10-25T02:40:00.000Z', 'run late', 'latest']]);
  });
});

describe('a pause of a kind', () => {
  const [paused, until] = [at('2026-03-01T06:12Z'), at('2026-03-01T07:10Z')];
  const configured = withConfigured(undefined, settingsFrom(), 0);
  if (!configured) throw new Error('no schedule');
  const during = withChange(configured, { pausedUntil: { near: until } }, paused);
  if (!during) throw new Error('not paused');
  const nearTicks = (now: number) => idsOf(dueTicks(during.periods, 'near', paused, now));

  it('opens no slots, and the first one the moment it ends; the skipped ones are not caught up', () => {
    expect(nearTicks(at('2026-03-01T06:26Z'))).toEqual([]);
    expect(nearTicks(until - 1)).toEqual([]);
    expect(nearTicks(until)).toEqual(['slot:near:2026-03-01T07:10:00.000Z']);
    const [, period] = during.periods;
    if (!period) throw new Error('no period');
    expect(nextOpening(period, 'near', paused)).toBe(until);
    expect(nextOpening(period, 'far', paused)).toBe(at('2026-03-01T06:20Z'));
  });

  it('does not open a slot late that was due before it', () => {
    const { ticks, missed } = dueTicks(during.periods, 'near', at('2026-03-01T05:55Z'), paused + minute);
    expect(ticks).toEqual([]);
    expect(missed).toMatchObject([{ outcome: 'skipped', policy: 'paused' }]);
  });

  it('survives other changes, and ends early when it is resumed or the schedule is reset', () => {
    const later = paused + minute;
    const changed = withChange(during, { kinds: { near: { mode: 'observed' } } }, later);
    expect(changed?.periods.at(-1)?.pausedUntil).toEqual({ near: until });
    expect(during.changed).toBe(false);
    for (const change of [{ pausedUntil: { near: null } }, null])
      expect(withChange(during, change, later)?.periods.at(-1)?.pausedUntil).toEqual({});
    expect(withChange(during, { pausedUntil: { far: null } }, later)).toBeUndefined();
    expect(withChange(during, {}, until)).toBeUndefined();
  });
});
