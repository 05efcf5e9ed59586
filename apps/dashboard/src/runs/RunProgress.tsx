import { kindColor, type Run } from '@paceline/client';
import { outcome, sentenceCase } from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { count } from '@paceline/shared/words';
import { Bar } from '../parts/Bar.tsx';
import { runProgress } from './layout.ts';

/** How far a running run is, and what remains. */
export function RunProgress({ run }: { run: Run }) {
  const { share, remaining } = runProgress(run);
  const left = remaining > 0 ? `${count(remaining, kinds[run.kind].thing)} remaining` : 'finishing';
  return (
    <>
      {run.counts.planned > 0 && (
        <Bar label={`${Math.round(share * 100)} % done`} shares={[{ share, color: kindColor(run.kind) }]} />
      )}
      <span className="hint">
        {sentenceCase(outcome(run))}
        {run.counts.planned > 0 && `, ${left}`}
      </span>
    </>
  );
}
