import type { Command } from '@paceline/client';
import { isFailed, progress, sentenceCase } from '@paceline/client/text';
import { second, useNow } from '../app/clock.tsx';

/** How far a request is: its place in the queue and when it is expected, or how it ended. */
export function RequestProgress({ request }: { request: Command }) {
  const text = progress(request, useNow(second));
  return (
    <span className={isFailed(request) ? 'request-progress wrong' : 'request-progress'}>
      {sentenceCase(text)}
    </span>
  );
}
