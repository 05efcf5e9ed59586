import type { Goals } from '@paceline/event-sync/src/core/freshness.ts';

const minute = 60_000;

export const goals: Goals = { urgent: 15 * minute, near: 60 * minute, far: 24 * 60 * minute };
