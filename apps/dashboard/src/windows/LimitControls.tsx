import type { Budget } from '@paceline/client';
import { limitText } from '@paceline/client/text';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import { refresh } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { useEscape } from '../app/escape.ts';
import { Button, ErrorMessage } from '../parts/elements.tsx';

/** Changes the limit of a budget, or resets it to the documented one. */
export function LimitControls({ budget: { budget, label: name, policy, documented } }: { budget: Budget }) {
  const [isOpen, setOpen] = useState(false);
  const controls = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  function close() {
    setOpen(false);
    button.current?.focus();
  }
  const change = useMutation({
    mutationFn: (limit: Budget['documented'] | undefined) =>
      limit
        ? api.call('PUT /v1/budgets/{budget}/policy', { path: { budget }, body: limit })
        : api.call('DELETE /v1/budgets/{budget}/policy', { path: { budget } }),
    onSuccess(changed) {
      close();
      announce(`Limit of ${name}: ${limitText(changed.policy)}`);
    },
    onSettled: () => refresh('/v1/budgets'),
  });
  useEscape(controls, isOpen, close);
  return (
    <div ref={controls} className="limit-controls">
      <Button
        ref={button}
        className="quiet"
        aria-expanded={isOpen}
        aria-label={isOpen ? `Cancel changing the limit of ${name}` : `Change limit of ${name}`}
        onClick={() => (isOpen ? close() : setOpen(true))}
      >
        {isOpen ? 'Cancel' : 'Change limit …'}
      </Button>
      {isOpen && (
        <LimitForm
          name={name}
          policy={policy}
          inactive={change.isPending}
          onSave={(limit) => change.mutate(limit)}
          onReset={policy.from === 'documented' ? undefined : () => change.mutate(undefined)}
          documented={limitText(documented)}
        />
      )}
      <ErrorMessage error={change.error} />
    </div>
  );
}

interface LimitFormProps {
  readonly name: string;
  readonly policy: Budget['documented'];
  readonly documented: string;
  readonly inactive: boolean;
  readonly onSave: (limit: Budget['documented']) => void;
  readonly onReset: (() => void) | undefined;
}

function LimitForm({ name, policy, documented, inactive, onSave, onReset }: LimitFormProps) {
  const id = useId();
  const first = useRef<HTMLInputElement>(null);
  const [limit, setLimit] = useState(String(policy.limit));
  const [seconds, setSeconds] = useState(String(policy.windowSeconds));
  useEffect(() => first.current?.select(), []);
  function save(event: FormEvent) {
    event.preventDefault();
    if (!inactive) onSave({ limit: Number(limit), windowSeconds: Number(seconds) });
  }
  return (
    <form className="limit-form" aria-label={`Limit of ${name}`} onSubmit={save}>
      <label htmlFor={`${id}-limit`}>Calls</label>
      <input
        id={`${id}-limit`}
        ref={first}
        type="number"
        min="1"
        required
        value={limit}
        onChange={({ target }) => setLimit(target.value)}
      />
      <label htmlFor={`${id}-seconds`}>Window in seconds</label>
      <input
        id={`${id}-seconds`}
        type="number"
        min="1"
        required
        value={seconds}
        onChange={({ target }) => setSeconds(target.value)}
      />
      <Button type="submit" className="main" inactive={inactive}>
        Set limit
      </Button>
      {onReset && (
        <Button inactive={inactive} onClick={onReset}>
          {`Reset to ${documented}`}
        </Button>
      )}
    </form>
  );
}
