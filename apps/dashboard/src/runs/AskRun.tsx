import { useMutation } from '@tanstack/react-query';
import { ask } from '../api/client.ts';
import { refresh } from '../api/reads.ts';

interface AskedRun {
  readonly runId: string;
}

/** Asks for a run out of turn, and opens it as soon as it is taken up. */
export function AskRun({ path, children }: { path: string; children: string }) {
  const deed = useMutation({
    mutationFn: () => ask<AskedRun>('POST', path),
    async onSuccess({ body: { runId } }) {
      await refresh('/v1/runs');
      location.hash = `#/runs/${runId}`;
    },
  });
  return (
    <>
      <button type="button" disabled={deed.isPending} onClick={() => deed.mutate()}>
        {children}
      </button>
      {deed.error && (
        <span className="wrong" role="alert">
          {' '}
          {deed.error.message}
        </span>
      )}
    </>
  );
}
