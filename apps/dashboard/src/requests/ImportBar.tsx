import { type Command, laneColor } from '@paceline/client';
import { commandLane } from '@paceline/client/text';
import { Bar } from '../parts/Bar.tsx';

/** The added and the failed riders of an import, as shares of all. */
export function ImportBar({ riders: { done, failed, waiting } }: { riders: NonNullable<Command['riders']> }) {
  const all = Math.max(1, done + failed + waiting);
  return (
    <Bar
      label={`${done} added, ${waiting} remaining, ${failed} failed`}
      shares={[
        { share: done / all, color: laneColor(commandLane) },
        { share: failed / all, color: 'var(--wrong)' },
      ]}
    />
  );
}
