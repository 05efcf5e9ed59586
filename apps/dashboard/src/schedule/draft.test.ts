import { kinds, mapValues } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import type { ScheduleSettings } from '@paceline/client';
import { changeOf, isEmpty, withField } from './draft.ts';

const slots = { mode: 'on' as const, opens: 'every 15m', duration: '10m', skip: '', catchUp: 'latest' };
const inForce: ScheduleSettings = {
  timeZone: 'UTC',
  kinds: mapValues(kinds, () => slots),
};

describe('a draft of the schedule', () => {
  it('changes nothing when it equals the current schedule', () => {
    expect(isEmpty(changeOf(inForce, structuredClone(inForce)))).toBe(true);
  });

  it('contains only the changed settings', () => {
    const draft = { ...withField(inForce, 'far', 'duration', '5m'), timeZone: 'Europe/Stockholm' };
    expect(changeOf(inForce, draft)).toEqual({
      timeZone: 'Europe/Stockholm',
      kinds: { far: { duration: '5m' } },
    });
    expect(inForce.kinds.far.duration).toBe('10m');
  });
});
