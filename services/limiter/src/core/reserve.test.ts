import { describe, expect, it } from 'vitest';
import { createDesk, settings } from './testing.ts';

const minute = 60_000;
const withReserve = { ...settings, reserve: { ...settings.reserve, riders_single: 1, signups: 1 } };
const urgent = { lane: 'manual_rider_add' } as const;

describe('a place that is kept for the forced lanes', () => {
  it('is not given to others, however many wait', () => {
    const desk = createDesk('riders_single', withReserve);
    for (const ticket of ['a', 'b', 'c', 'd']) desk.call(ticket);
    expect(desk.acquire('e').answer).toBe('waiting');
  });

  it('is there at once for whoever can’t wait, although others came first', () => {
    const desk = createDesk('riders_single', withReserve);
    for (const ticket of ['a', 'b', 'c', 'd']) desk.call(ticket);
    desk.acquire('e');
    expect(desk.acquire('now', urgent).answer).toBe('granted');
    expect(desk.acquire('next', urgent).answer).toBe('waiting');
  });

  it('is never the only one', () => {
    const desk = createDesk('signups', withReserve);
    expect(desk.acquire('a').answer).toBe('granted');
  });

  it('is no place to those who are told when they will run', () => {
    const desk = createDesk('riders_single', withReserve);
    for (const ticket of ['a', 'b', 'c', 'd']) desk.call(ticket);
    expect(desk.acquire('e')).toMatchObject({ estimatedAt: desk.now() + minute + settings.epsilon });
  });
});
