import type { FreshnessClass } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import { candidate, planNow as now } from '../../testing/candidates.ts';
import { chooseInSlot, chooseUrgent } from './choose.ts';
import type { CallPlan } from './next-calls.ts';
import type { PlannedCall } from './plan.ts';

const minute = 60_000;
const before = { leftToWatch: null, endsAt: now + 60 * minute };

/** A call that is planned in a number of minutes. */
const call = (name: FreshnessClass, minutes: number, eventId: string = name): PlannedCall => {
  const event = candidate(eventId, 100);
  const at = now + minutes * minute;
  return { at, event, class: name, because: 'never_fetched', freshUntil: event.startsAt };
};
const plan = (permit: CallPlan['permit'], ...calls: PlannedCall[]): CallPlan => ({
  now,
  permit,
  events: [],
  calls,
});

describe('a run in a slot', () => {
  it('makes the call that is planned now, in the lane of the kind that it is for', () => {
    const near = plan('before', call('near', 0), call('far', 1), call('far', 2, 'other'));
    expect(chooseInSlot('near', near, before)).toEqual({
      best: {
        eventId: 'near',
        lane: 'near_event_normal',
        because: 'never_fetched',
        freshUntil: now + 100 * minute,
        isOwn: true,
      },
      left: 1,
    });
    expect(chooseInSlot('far', near, before)).toMatchObject({
      best: { eventId: 'near', lane: 'near_event_normal', isOwn: false },
      left: 2,
    });
    expect(chooseInSlot('near', plan('held', call('far', 0)), before)).toMatchObject({
      best: { eventId: 'far', lane: 'far_event_sync', isOwn: false },
      left: 0,
    });
  });

  it('waits for the next planned call', () => {
    const later = plan('before', call('near', 3));
    expect(chooseInSlot('near', later, before)).toEqual({ best: undefined, left: 1, next: now + 3 * minute });
    expect(chooseInSlot('near', plan('before'), before)).toEqual({ best: undefined, left: 0 });
  });

  it('counts each event of its kind that has a call in its slot, once', () => {
    const all = [call('near', 1), call('near', 59), call('near', 60, 'after it'), call('far', 2)];
    expect(chooseInSlot('near', plan('before', ...all), before).left).toBe(1);
  });

  it('leaves an urgent call to the watch for five seconds, once', () => {
    const urgent = plan('before', call('urgent', 0));
    const left = chooseInSlot('far', urgent, before);
    expect(left).toEqual({ best: undefined, left: 0, next: now + 5_000, leftToWatch: 'urgent' });
    expect(chooseInSlot('far', urgent, { ...before, leftToWatch: 'urgent' })).toMatchObject({
      best: { eventId: 'urgent', lane: 'near_event_normal' },
    });
  });

  it('makes an urgent call with the permit that it holds', () => {
    expect(chooseInSlot('far', plan('held', call('urgent', 0)), before).best?.eventId).toBe('urgent');
  });
});

describe('the urgent watch', () => {
  const found = (...args: Parameters<typeof plan>) => {
    const { call: chosen, next } = chooseUrgent(plan(...args));
    return [chosen?.event.eventId, (next - now) / minute];
  };

  it('makes the next call when it is an urgent one and its time has come', () => {
    expect(found('before', call('urgent', 0), call('far', 1))).toEqual(['urgent', 0]);
    expect(found('before', call('urgent', 2))).toEqual([undefined, 2]);
  });

  it('leaves other calls to the slots, and waits for the next urgent one', () => {
    expect(found('before', call('near', 0), call('urgent', 4))).toEqual([undefined, 4]);
    expect(found('before', call('near', 0))).toEqual([undefined, Infinity]);
  });

  it('makes a near call that has become better while it waited for its permit, but no far one', () => {
    expect(found('held', call('near', 0), call('urgent', 1))).toEqual(['near', 1]);
    expect(found('held', call('far', 0), call('urgent', 1))).toEqual([undefined, 1]);
  });
});
