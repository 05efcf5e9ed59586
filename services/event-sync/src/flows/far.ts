import type { Flow } from '@paceline/shared/sync';
import type { EventSync } from '../config.ts';
import { planSignups, syncSignups } from '../sync-signups.ts';

export const flow = (sync: EventSync): Flow => ({
  run: syncSignups(sync, 'far'),
  plan: planSignups(sync, 'far'),
});
