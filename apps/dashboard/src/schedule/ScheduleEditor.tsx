import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { refresh } from '../api/reads.ts';
import type { Schedule, Settings } from '../api/shapes.ts';
import { changeOf, isEmpty, kinds, saidOf, withField } from './draft.ts';
import { KindFields } from './KindFields.tsx';
import { Lint } from './Lint.tsx';
import { useLint } from './use-lint.ts';

interface Applying {
  readonly method: 'PUT' | 'DELETE';
  readonly body?: unknown;
}

/** A draft beside what is said of it; who has not begun one sees what is in force. */
export function ScheduleEditor({ inForce }: { inForce: Schedule }) {
  const [begun, setBegun] = useState<{ draft: Settings; base: Schedule } | undefined>();
  const [despite, setDespite] = useState(false);
  const base = begun?.base ?? inForce;
  const draft = begun?.draft ?? inForce;
  const change = changeOf(base, draft);
  const lint = useLint(change);
  const edit = (next: Settings) => setBegun({ draft: { timeZone: next.timeZone, kinds: next.kinds }, base });
  const apply = useMutation({
    // Whoever changed it meanwhile is not overwritten.
    mutationFn: ({ method, body }: Applying) =>
      ask(method, '/v1/schedule', body, { 'if-match': `"${base.version}"` }),
    onSuccess: () => setBegun(undefined),
    onSettled: () => refresh('/v1/schedule'),
  });
  const errors = [lint.error, apply.error].flatMap((error) =>
    error instanceof ApiProblem ? error.errors : [],
  );
  const refused = lint.data?.findings.some(({ severity }) => severity === 'error') ?? false;
  return (
    <div className="schedule">
      <form
        className="card"
        aria-label="Schedule"
        onSubmit={(event) => {
          event.preventDefault();
          apply.mutate({ method: 'PUT', body: { ...change, despiteErrors: despite } });
        }}
      >
        <label className="zone">
          Time zone
          <input
            value={draft.timeZone}
            aria-invalid={saidOf(errors, 'timeZone') !== undefined}
            onChange={({ target }) => edit({ ...draft, timeZone: target.value })}
          />
        </label>
        {kinds.map((kind) => (
          <KindFields
            key={kind}
            kind={kind}
            settings={draft.kinds[kind]}
            errors={errors}
            onChange={(field, value) => edit(withField(draft, kind, field, value))}
          />
        ))}
        {begun && inForce.version !== base.version && (
          <p className="strong">
            Somebody changed the schedule meanwhile: what you see began with the one before.
          </p>
        )}
        {apply.error && (
          <p className="wrong" role="alert">
            {apply.error.message}
          </p>
        )}
        {refused && (
          <label>
            <input type="checkbox" checked={despite} onChange={({ target }) => setDespite(target.checked)} />{' '}
            I want it despite the errors
          </label>
        )}
        <p className="choices">
          <button
            type="submit"
            className="main"
            disabled={isEmpty(change) || lint.error !== null || apply.isPending || (refused && !despite)}
          >
            Apply
          </button>
          <button type="button" disabled={begun === undefined} onClick={() => setBegun(undefined)}>
            Begin anew
          </button>
          {inForce.from === 'changed' && (
            <button
              type="button"
              disabled={apply.isPending}
              onClick={() => apply.mutate({ method: 'DELETE' })}
            >
              Back to the configured one
            </button>
          )}
        </p>
      </form>
      <Lint lint={lint} onRepair={edit} />
    </div>
  );
}
