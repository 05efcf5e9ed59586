import type { FieldError } from '../api/problem.ts';
import type { SyncKind } from '../api/shapes.ts';
import { colourOf, laneOf } from '../palette.ts';
import { kindWords } from '../runs/words.ts';
import { type Field, type KindSettings, saidOf } from './draft.ts';

interface KindFieldsProps {
  readonly kind: SyncKind;
  readonly settings: KindSettings;
  readonly errors: readonly FieldError[];
  readonly onChange: (field: Field, value: string) => void;
}

const texts = [
  ['opens', 'Opens', 'every 15m, or a cron expression'],
  ['duration', 'Stays open', '10m'],
  ['skip', 'But not', '23:00-05:00, sat'],
  ['catchUp', 'When missed', 'skip, latest, or all 2h'],
] as const;

/** The slots of one kind of sync. */
export function KindFields({ kind, settings, errors, onChange }: KindFieldsProps) {
  return (
    <fieldset className="kind" data-kind={kind}>
      <legend>
        <span className="swatch" style={{ background: colourOf(laneOf[kind]) }} />
        {kindWords[kind]}
      </legend>
      <label>
        Is
        <select value={settings.mode} onChange={({ target }) => onChange('mode', target.value)}>
          <option value="on">on</option>
          <option value="observed">observed: plans, calls nothing</option>
          <option value="off">off</option>
        </select>
      </label>
      {texts.map(([field, words, example]) => {
        const said = saidOf(errors, `kinds.${kind}.${field}`);
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
