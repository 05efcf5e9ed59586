import { createVirtualClock } from '@paceline/shared/clock';
import type { StoredSchedule } from '@paceline/shared/contracts';
import { testLog } from '@paceline/shared/testing';
import { expect, it } from 'vitest';
import { settingsFrom } from '../core/testing.ts';
import { applyConfigured } from './configured.ts';

it('stores the configured schedule although the broker does not answer at first', async () => {
  let stored: StoredSchedule | undefined;
  let requests = 0;
  const schedules = {
    find: () => Promise.resolve({ version: stored ? 1 : 0, stored }),
    replace: async (_: number, schedule: StoredSchedule) => {
      requests += 1;
      // Stored, but the answer is lost: the version that the second request names is outdated.
      if (requests === 2) return undefined;
      stored = schedule;
      throw Object.assign(new Error('no leader'), { name: 'JetStreamNotEnabled' });
    },
  };
  await applyConfigured(testLog('scheduler'), schedules, settingsFrom({}), createVirtualClock());
  expect(stored).toBeDefined();
  expect(requests).toBe(2);
});
