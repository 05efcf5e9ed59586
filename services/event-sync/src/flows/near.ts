import type { Flow } from '@paceline/shared/sync';
import type { EventSync } from '../config.ts';
import { publishFreshness } from '../freshness.ts';
import { planSignups, syncSignups } from '../sync-signups.ts';

export const flow = (sync: EventSync): Flow => ({
  run: syncSignups(sync, 'near'),
  plan: planSignups(sync, 'near'),
  ended: (slotId) => publishFreshness(sync, slotId),
});
