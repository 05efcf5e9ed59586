import {
  type Input,
  kindColour,
  messageAt,
  type Schedule,
  type ScheduleSettings,
  type SyncKind,
} from '@paceline/client';
import { dayAndTime } from '@paceline/client/words';
import { kindNames, kinds } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { reads, refresh, useRead } from '../api/reads.ts';
import { Loaded } from '../parts/Loaded.tsx';
import { Swatch } from '../parts/Picture.tsx';
import { Checks, useChecks } from './Checks.tsx';
import { changeOf, type Field, isEmpty, type KindSettings, withField } from './draft.ts';
import './schedule.css';

/** When the syncs run; it is changed here, and judged before it is. */
export function ScheduleView() {
  const schedule = useRead(reads.schedule);
  return (
    <Loaded query={schedule}>
      {(inForce) => (
        <>
          <p className="summary">
            {inForce.from === 'configured'
              ? 'The syncs run as they were configured.'
              : `Changed ${inForce.since === null ? '' : `${dayAndTime(inForce.since)}`}; it holds until the configuration changes.`}{' '}
            Slots that are open stay as they are.
          </p>
          <ScheduleEditor inForce={inForce} />
        </>
      )}
    </Loaded>
  );
}

/** A draft beside what is said of it; who has not begun one sees what is in force. */
function ScheduleEditor({ inForce }: { inForce: Schedule }) {
  const [begun, setBegun] = useState<{ draft: ScheduleSettings; base: Schedule } | undefined>();
  const [despite, setDespite] = useState(false);
  const base = begun?.base ?? inForce;
  const draft = begun?.draft ?? inForce;
  const change = changeOf(base, draft);
  const checks = useChecks(change);
  const edit = (next: ScheduleSettings) =>
    setBegun({ draft: { timeZone: next.timeZone, kinds: next.kinds }, base });
  const apply = useMutation({
    // Whoever changed it meanwhile is not overwritten.
    mutationFn: (body: Input<'PUT /v1/schedule'>['body'] | undefined) => {
      const headers = { 'if-match': `"${base.version}"` };
      return body
        ? api.call('PUT /v1/schedule', { body, headers })
        : api.call('DELETE /v1/schedule', { headers });
    },
    onSuccess: () => setBegun(undefined),
    onSettled: () => refresh('/v1/schedule'),
  });
  const messageOf = (field: string) => messageAt(checks.error, field) ?? messageAt(apply.error, field);
  const refused = checks.data?.findings.some(({ severity }) => severity === 'error') ?? false;
  return (
    <div className="schedule">
      <form
        className="card"
        aria-label="Schedule"
        onSubmit={(event) => {
          event.preventDefault();
          apply.mutate({ ...change, despiteErrors: despite });
        }}
      >
        <label className="zone">
          Time zone
          <input
            value={draft.timeZone}
            aria-invalid={messageOf('timeZone') !== undefined}
            onChange={({ target }) => edit({ ...draft, timeZone: target.value })}
          />
        </label>
        {kindNames.map((kind) => (
          <KindFields
            key={kind}
            kind={kind}
            settings={draft.kinds[kind]}
            messageOf={messageOf}
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
            disabled={isEmpty(change) || checks.error !== null || apply.isPending || (refused && !despite)}
          >
            Apply
          </button>
          <button type="button" disabled={begun === undefined} onClick={() => setBegun(undefined)}>
            Reset
          </button>
          {inForce.from === 'changed' && (
            <button type="button" disabled={apply.isPending} onClick={() => apply.mutate(undefined)}>
              Back to the configured one
            </button>
          )}
        </p>
      </form>
      <Checks checks={checks} onRepair={edit} />
    </div>
  );
}

interface KindFieldsProps {
  readonly kind: SyncKind;
  readonly settings: KindSettings;
  readonly messageOf: (field: string) => string | undefined;
  readonly onChange: (field: Field, value: string) => void;
}

const texts = [
  ['opens', 'Opens', 'every 15m, or a cron expression'],
  ['duration', 'Duration', '10m'],
  ['skip', 'Except', '23:00-05:00, sat'],
  ['catchUp', 'If missed', 'skip, latest, or all 2h'],
] as const;

/** The slots of one kind of sync. */
function KindFields({ kind, settings, messageOf, onChange }: KindFieldsProps) {
  return (
    <fieldset className="kind" data-kind={kind}>
      <legend>
        <Swatch colour={kindColour(kind)} />
        {kinds[kind].label}
      </legend>
      <label>
        Mode
        <select value={settings.mode} onChange={({ target }) => onChange('mode', target.value)}>
          <option value="on">on</option>
          <option value="observed">observed: plans, calls nothing</option>
          <option value="off">off</option>
        </select>
      </label>
      {texts.map(([field, words, example]) => {
        const said = messageOf(`kinds.${kind}.${field}`);
        return (
          <label key={field}>
            {words}
            <input
              value={settings[field]}
              placeholder={example}
              aria-invalid={said !== undefined}
              onChange={({ target }) => onChange(field, target.value)}
            />
            {said !== undefined && <span className="wrong">{said}</span>}
          </label>
        );
      })}
    </fieldset>
  );
}
