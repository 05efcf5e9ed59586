import type { Run } from '@paceline/client';
import { outcome } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { reads, useRead } from '../api/reads.ts';
import { passOf } from './pass.ts';

/** The running rider sync, if there is one. */
function useRunningSync(): Run | undefined {
  const [newest] = useRead(reads.newestRiderRun).data?.items ?? [];
  return newest?.state === 'running' ? newest : undefined;
}

/** How far the running rider sync is with all clubs. */
export function RiderSyncProgress() {
  const run = useRunningSync();
  if (!run) return null;
  const { planned, synced } = run.counts;
  return (
    <div className="card club-pass">
      <p>
        <strong>
          <a href={`#/runs/${run.runId}`}>Rider sync running</a>
        </strong>
        : {outcome(run)}
      </p>
      <progress aria-label="Clubs of this sync" value={synced} max={Math.max(1, planned)} />
    </div>
  );
}

/** How far the running rider sync is with this club. */
export function ClubProgress({ clubId }: { clubId: number }) {
  const run = useRunningSync();
  return run ? <PassProgress run={run} clubId={clubId} /> : null;
}

function PassProgress({ run, clubId }: { run: Run; clubId: number }) {
  const { data } = useRead(reads.run(run.runId));
  const pass = data && passOf(data, clubId);
  if (!pass) return null;
  return (
    <p className="card club-pass">
      <strong>
        <a href={`#/runs/${run.runId}`}>Rider sync running</a>
      </strong>
      : {count(pass.pages, 'page')} of this club fetched
      {pass.from !== undefined && `, the last one from rider ${pass.from} on`}.{' '}
      <span className="hint">{outcome(run)}</span>
    </p>
  );
}
