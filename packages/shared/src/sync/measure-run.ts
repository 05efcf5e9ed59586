import { durations, meter } from '../telemetry/index.ts';
import type { RunRow } from './runs.ts';

const runs = durations('paceline.run.duration', 'Runs, from their beginning to their end');
const items = meter().createCounter('paceline.run.items', {
  unit: '{item}',
  description: 'Clubs or events that runs have synced, failed to sync, or left for the next slot',
});

/** Counts a run that has ended, and what it came to. */
export function measureRun({ kind, mode, state, startedAt, finishedAt, counts }: RunRow): void {
  runs.record(((finishedAt ?? startedAt) - startedAt) / 1_000, { kind, mode, state });
  for (const outcome of ['synced', 'failed', 'deferred'] as const)
    items.add(counts[outcome], { kind, mode, outcome });
}
