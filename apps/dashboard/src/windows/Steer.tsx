import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { refresh } from '../api/reads.ts';
import type { Budget } from '../api/shapes.ts';
import { budgetWords } from '../palette.ts';

const pauses = [
  [15 * 60, '15 minutes'],
  [60 * 60, 'an hour'],
  [24 * 60 * 60, 'a day'],
] as const;

interface Deed {
  readonly method: 'PUT' | 'DELETE';
  readonly query?: string;
  readonly body?: unknown;
}

/** What an operator can do to a budget: let nobody call for a while, and end a pause. */
export function Steer({ budget: { budget, pausedUntil } }: { budget: Budget }) {
  const [choosing, setChoosing] = useState(false);
  const deed = useMutation({
    mutationFn: ({ method, query = '', body }: Deed) =>
      ask(method, `/v1/budgets/${budget}/pause${query}`, body),
    onSettled: () => refresh('/v1/budgets'),
    onSuccess: () => setChoosing(false),
  });
  const name = budgetWords[budget];
  return (
    <div className="steer">
      {pausedUntil.upstream !== null && (
        <button
          type="button"
          disabled={deed.isPending}
          onClick={() => deed.mutate({ method: 'DELETE', query: '?by=upstream' })}
          aria-label={`Release ${name}: one call goes ahead to see whether upstream is open`}
        >
          Release
        </button>
      )}
      {pausedUntil.operator !== null && (
        <button
          type="button"
          disabled={deed.isPending}
          onClick={() => deed.mutate({ method: 'DELETE' })}
          aria-label={`Resume ${name}`}
        >
          Resume
        </button>
      )}
      {pausedUntil.operator === null && !choosing && (
        <button
          type="button"
          className="quiet"
          onClick={() => setChoosing(true)}
          aria-label={`Pause ${name}`}
        >
          Pause …
        </button>
      )}
      {choosing && (
        <fieldset className="choices" aria-label={`Pause ${name} for`}>
          {pauses.map(([forSeconds, words]) => (
            <button
              key={words}
              type="button"
              disabled={deed.isPending}
              onClick={() => deed.mutate({ method: 'PUT', body: { forSeconds } })}
            >
              {words}
            </button>
          ))}
          <button type="button" className="quiet" onClick={() => setChoosing(false)}>
            no
          </button>
        </fieldset>
      )}
      {deed.error && (
        <span className="wrong" role="alert">
          {deed.error.message}
        </span>
      )}
    </div>
  );
}
