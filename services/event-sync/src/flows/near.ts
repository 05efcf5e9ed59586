import type { Flow } from '@paceline/shared/sync';
import type { EventSync } from '../config.ts';
import { publishFreshness } from './freshness.ts';
import { flowOf } from './signups.ts';

export const flow = (sync: EventSync): Flow => ({
  ...flowOf(sync, 'near'),
  onEnded: (slotId) => publishFreshness(sync, slotId),
});
