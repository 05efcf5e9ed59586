import { kindColor, type Run } from '@paceline/client';
import { outcome, sentenceCase } from '@paceline/client/text';
import { Bar } from '../parts/Bar.tsx';
import { runProgress } from './layout.ts';

/** How far a running run is, and what remains. */
export function RunProgress({ run }: { run: Run }) {
  const { share, remaining } = runProgress(run);
  return (
    <>
      {run.counts.planned > 0 && (
        <Bar label={`${Math.round(share * 100)} % done`} shares={[{ share, color: kindColor(run.kind) }]} />
      )}
      <span className="hint">
        {sentenceCase(outcome(run))}
        {run.counts.planned > 0 && (remaining > 0 ? `, ${remaining} remaining` : ', finishing')}
      </span>
    </>
  );
}
