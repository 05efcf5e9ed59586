import {
  type InputOf,
  kindColor,
  fieldError,
  type Schedule,
  type ScheduleSettings,
  type SyncKind,
} from '@paceline/client';
import { sentenceCase } from '@paceline/client/text';
import { kindNames, kinds } from '@paceline/shared/definition';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useId, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import { reads, refresh } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { Button, Read, ErrorMessage } from '../parts/elements.tsx';
import { Swatch } from '../parts/Chart.tsx';
import { DateTime } from '../parts/time.tsx';
import { Checks, useChecks } from './Checks.tsx';
import { changeOf, type Field as FieldName, isEmpty, type KindSettings, withField } from './draft.ts';
import { PauseSyncs } from './PauseSyncs.tsx';
import './schedule.css';

export const SchedulePage = () => (
  <Read from={reads.schedule}>
    {(inForce) => (
      <>
        <p className="summary">
          {inForce.from === 'configured' ? (
            'The schedule is as configured.'
          ) : (
            <>
              Changed at runtime
              {inForce.since !== null && (
                <>
                  {' '}
                  on <DateTime at={inForce.since} />
                </>
              )}
              ; overrides the configuration until that changes.
            </>
          )}{' '}
          Changes do not affect open slots.
        </p>
        <PauseSyncs schedule={inForce} />
        <h2>Change the schedule</h2>
        <ScheduleEditor inForce={inForce} />
      </>
    )}
  </Read>
);

function useDraft(inForce: Schedule) {
  const [edited, setEdited] = useState<{ draft: ScheduleSettings; base: Schedule } | undefined>();
  const base = edited?.base ?? inForce;
  const draft = edited?.draft ?? inForce;
  const reset = () => setEdited(undefined);
  const apply = useMutation({
    // If-Match keeps this from overwriting a change that was made in the meantime.
    mutationFn: (body: InputOf<'PUT /v1/schedule'>['body'] | undefined) => {
      const headers = { 'if-match': `"${base.version}"` };
      return body
        ? api.call('PUT /v1/schedule', { body, headers })
        : api.call('DELETE /v1/schedule', { headers });
    },
    onSuccess(_, body) {
      reset();
      announce(body ? 'Schedule applied' : 'Configured schedule restored');
    },
    onSettled: () => refresh('/v1/schedule'),
  });
  return {
    draft,
    isEdited: edited !== undefined,
    outdated: edited !== undefined && inForce.version !== base.version,
    change: changeOf(base, draft),
    edit: ({ timeZone, kinds: slots }: ScheduleSettings) =>
      setEdited({ draft: { timeZone, kinds: slots }, base }),
    reset,
    apply,
  };
}

function ScheduleEditor({ inForce }: { inForce: Schedule }) {
  const { draft, isEdited, outdated, change, edit, reset, apply } = useDraft(inForce);
  // The change whose errors were accepted; after another edit they must be accepted again.
  const [acceptedChange, setAcceptedChange] = useState<string | undefined>();
  const despiteErrors = acceptedChange === JSON.stringify(change);
  const checks = useChecks(change);
  const messageOf = (field: string) => fieldError(checks.error, field) ?? fieldError(apply.error, field);
  const hasErrors = checks.data?.findings.some(({ severity }) => severity === 'error') ?? false;
  const applyButton = useRef<HTMLButtonElement>(null);
  const blocked =
    isEmpty(change) || checks.error !== null || apply.isPending || (hasErrors && !despiteErrors);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!blocked) apply.mutate({ ...change, despiteErrors });
  }
  function discard() {
    reset();
    announce('Changes discarded');
  }
  // The buttons of both are gone afterwards.
  function restore() {
    apply.mutate(undefined, { onSuccess: () => applyButton.current?.focus() });
  }
  function repair(settings: ScheduleSettings) {
    edit(settings);
    applyButton.current?.focus();
    announce('The form has a schedule that passes');
  }
  return (
    <div className="schedule">
      <form className="card" aria-label="Schedule" onSubmit={submit}>
        <Field
          className="zone"
          label="Time zone"
          value={draft.timeZone}
          message={messageOf('timeZone')}
          onChange={(timeZone) => edit({ ...draft, timeZone })}
        />
        {kindNames.map((kind) => (
          <KindFields
            key={kind}
            kind={kind}
            settings={draft.kinds[kind]}
            messageOf={messageOf}
            onChange={(field, value) => edit(withField(draft, kind, field, value))}
          />
        ))}
        {outdated && <p className="strong">The schedule has changed since you started editing.</p>}
        <ErrorMessage error={apply.error} />
        {hasErrors && (
          <label>
            <input
              type="checkbox"
              checked={despiteErrors}
              onChange={({ target }) =>
                setAcceptedChange(target.checked ? JSON.stringify(change) : undefined)
              }
            />{' '}
            Apply despite the errors
          </label>
        )}
        <p className="choices">
          <Button ref={applyButton} type="submit" className="main" inactive={blocked}>
            Apply
          </Button>
          <Button inactive={!isEdited} onClick={discard}>
            Reset
          </Button>
          {inForce.from === 'changed' && (
            <Button inactive={apply.isPending} onClick={restore}>
              Restore the configured schedule
            </Button>
          )}
        </p>
      </form>
      <Checks checks={checks} onRepair={repair} />
    </div>
  );
}

interface FieldProps {
  readonly className?: string;
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly message: string | undefined;
  readonly onChange: (value: string) => void;
}

/** The message is below all fields of the row, so that it moves none of them. */
function Field({ className, label, message, onChange, ...input }: FieldProps) {
  const id = useId();
  return (
    <>
      <label className={className}>
        {label}
        <input
          {...input}
          aria-invalid={message !== undefined}
          aria-describedby={message === undefined ? undefined : id}
          onChange={({ target }) => onChange(target.value)}
        />
      </label>
      {message !== undefined && (
        <p id={id} className="field-message wrong">
          {label}: {message}
        </p>
      )}
    </>
  );
}

interface KindFieldsProps {
  readonly kind: SyncKind;
  readonly settings: KindSettings;
  readonly messageOf: (field: string) => string | undefined;
  readonly onChange: (field: FieldName, value: string) => void;
}

const textFields = [
  ['opens', 'Opens', 'every 15m, or cron'],
  ['duration', 'Duration', '10m'],
  ['skip', 'Except', '23:00-05:00, sat'],
  ['catchUp', 'If missed', 'skip, latest, or all 2h'],
] as const;

function KindFields({ kind, settings, messageOf, onChange }: KindFieldsProps) {
  return (
    <fieldset className="kind" data-kind={kind}>
      <legend>
        <Swatch color={kindColor(kind)} />
        {sentenceCase(kinds[kind].label)}
      </legend>
      <label>
        Mode
        <select value={settings.mode} onChange={({ target }) => onChange('mode', target.value)}>
          <option value="on">On</option>
          <option value="observed">Observed (no calls)</option>
          <option value="off">Off</option>
        </select>
      </label>
      {textFields.map(([field, label, placeholder]) => (
        <Field
          key={field}
          label={label}
          value={settings[field]}
          placeholder={placeholder}
          message={messageOf(`kinds.${kind}.${field}`)}
          onChange={(value) => onChange(field, value)}
        />
      ))}
    </fieldset>
  );
}
