import type { Schedule } from '@paceline/planning/slots';
import { describe, expect, it } from 'vitest';
import { due } from './due.ts';

const minute = 60_000;
const at = (iso: string) => Date.parse(iso);

const rider: Schedule = { kind: 'rider', cron: '0 */6 * * *', timeZone: 'UTC', durationMs: 10 * minute };
const near: Schedule = {
  kind: 'near',
  cron: '10,25,40,55 * * * *',
  timeZone: 'UTC',
  durationMs: 10 * minute,
};
const far: Schedule = { kind: 'far', cron: '30 */2 * * *', timeZone: 'UTC', durationMs: 25 * minute };

describe('what is due', () => {
  it('is a rider sync at once at the very first start, with all the time until the next one', () => {
    const now = at('2026-03-01T03:00Z');
    const { ticks } = due(rider, undefined, now);
    expect(ticks).toEqual([
      { slotId: 'slot:rider:initial', kind: 'rider', scheduledFor: now, endsAt: at('2026-03-01T06:00Z') },
    ]);
  });

  it('is the slot that is open at the very first start, and then no other sync of that kind', () => {
    const { ticks } = due(rider, undefined, at('2026-03-01T06:04Z'));
    expect(ticks.map(({ slotId }) => slotId)).toEqual(['slot:rider:2026-03-01T06:00:00.000Z']);
    expect(due(near, undefined, at('2026-03-01T06:09Z')).ticks).toEqual([]);
  });

  it('is a slot that is still open when the scheduler was away at its opening', () => {
    const { ticks, missed, handled } = due(far, at('2026-03-01T00:30Z'), at('2026-03-01T04:40Z'));
    expect(ticks.map(({ slotId }) => slotId)).toEqual(['slot:far:2026-03-01T04:30:00.000Z']);
    expect(missed.map(({ slotId }) => slotId)).toEqual(['slot:far:2026-03-01T02:30:00.000Z']);
    expect(handled).toBe(at('2026-03-01T04:30Z'));
  });

  it('is nothing twice: going on from what was handled finds no slot again', () => {
    const now = at('2026-03-01T04:40Z');
    const { handled } = due(far, at('2026-03-01T00:30Z'), now);
    expect(due(far, handled, now)).toEqual({ ticks: [], missed: [], handled });
  });

  it('never is a slot of the far past, however long the scheduler was away', () => {
    const { missed } = due(near, at('2025-01-01T00:00Z'), at('2026-03-01T04:00Z'));
    expect(missed.length).toBeLessThanOrEqual(7 * 24 * 4);
  });
});
