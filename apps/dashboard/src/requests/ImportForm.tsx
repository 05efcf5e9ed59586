import { type Roster, readRoster } from '@paceline/client/roster';
import { count } from '@paceline/shared/words';
import { api } from '../api/client.ts';
import { Button } from '../parts/elements.tsx';
import { useField } from './field.tsx';

export function ImportForm() {
  const { body, form, field, button, messageOf } = useField(
    'rider-ids',
    (typed) => (typed.trim() === '' ? undefined : readRoster(typed)),
    (roster, headers) => {
      const riderIds = roster.riders.map(({ riderId }) => riderId);
      return api.call('POST /v1/riders/import', { body: { riderIds }, headers });
    },
  );
  const riders = body?.riders.length ?? 0;
  return (
    <form {...form}>
      <label htmlFor="rider-ids">Roster</label>
      <textarea {...field} rows={5} placeholder={'name,zwiftId\nAnna,4500001\nBo,4500002'} />
      <Button {...button} inactive={button.inactive || riders === 0}>
        {riders > 0 ? `Import ${count(riders, 'rider')}` : 'Import riders'}
      </Button>
      {messageOf(
        'A list of rider ids, or CSV with a header row and a column riderId (or zwiftId, zwid, id). One bulk call fetches up to 1,000.',
      )}
      {body && <RosterPreview roster={body} />}
    </form>
  );
}

/** What would be imported, and every line that would not. */
function RosterPreview({ roster: { riders, refused, comments, column } }: { roster: Roster }) {
  return (
    <section className="roster" aria-live="polite" aria-label="Preview">
      {riders.length > 0 && (
        <>
          <p className="hint">
            {count(riders.length, 'rider')}
            {column !== undefined && ` from column ${column}`}
          </p>
          <ul className="roster-list">
            {riders.map(({ riderId, label }) => (
              <li key={riderId}>
                {riderId} <span className="hint">{label}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {refused.length > 0 && (
        <>
          <p className="hint wrong">{count(refused.length, 'line')} without a clear rider id, not imported</p>
          <ul className="roster-list">
            {refused.map(({ line, text, reason }) => (
              <li key={line}>
                Line {line}: {text} <span className="hint">{reason}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {comments > 0 && <p className="hint">{count(comments, 'comment')} skipped</p>}
    </section>
  );
}
