import type { Budget } from '@paceline/client';
import { useMutation } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import { refresh } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { Button, ButtonGroup, ErrorMessage } from '../parts/elements.tsx';

const pauses = [
  [15 * 60, '15 minutes'],
  [60 * 60, '1 hour'],
  [24 * 60 * 60, '1 day'],
] as const;

export function PauseControls({ budget: { budget, label: name, pausedUntil } }: { budget: Budget }) {
  const [choosing, setChoosing] = useState(false);
  // It pauses, cancels and resumes, so that the focus can always return to it.
  const button = useRef<HTMLButtonElement>(null);
  const change = useMutation({
    mutationFn: (send: () => Promise<Budget>) => send(),
    onSettled: () => refresh('/v1/budgets'),
  });
  function close() {
    setChoosing(false);
    button.current?.focus();
  }
  function run(done: string, send: () => Promise<Budget>) {
    change.mutate(send, {
      onSuccess() {
        close();
        announce(done);
      },
    });
  }
  const path = { budget };
  const resume = (by: 'operator' | 'upstream') =>
    run(`${name} resumed`, () => api.call('DELETE /v1/budgets/{budget}/pause', { path, query: { by } }));
  const pause = (forSeconds: number, time: string) =>
    run(`${name} paused for ${time}`, () =>
      api.call('PUT /v1/budgets/{budget}/pause', { path, body: { forSeconds } }),
    );
  const isPaused = pausedUntil.operator !== null;
  const closeOnEscape = ({ key }: KeyboardEvent) => choosing && key === 'Escape' && close();
  const toggle = () => (isPaused ? resume('operator') : choosing ? close() : setChoosing(true));
  return (
    <div className="pause-controls">
      {pausedUntil.upstream !== null && (
        <Button
          inactive={change.isPending}
          onClick={() => resume('upstream')}
          aria-label={`End the pause of ${name} early: one trial call starts first`}
        >
          End pause
        </Button>
      )}
      <Button
        ref={button}
        inactive={change.isPending}
        className={isPaused ? undefined : 'quiet'}
        aria-label={`${isPaused ? 'Resume' : choosing ? 'Cancel pausing' : 'Pause'} ${name}`}
        aria-expanded={isPaused ? undefined : choosing}
        onClick={toggle}
        onKeyDown={closeOnEscape}
      >
        {isPaused ? 'Resume' : choosing ? 'Cancel' : 'Pause …'}
      </Button>
      {choosing && !isPaused && (
        <PauseChoices name={name} inactive={change.isPending} onPause={pause} onKeyDown={closeOnEscape} />
      )}
      <ErrorMessage error={change.error} />
    </div>
  );
}

interface PauseChoicesProps {
  readonly name: string;
  readonly inactive: boolean;
  readonly onPause: (forSeconds: number, time: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function PauseChoices({ name, inactive, onPause, onKeyDown }: PauseChoicesProps) {
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  return (
    <ButtonGroup label={`Pause ${name} for`}>
      {pauses.map(([forSeconds, label], index) => (
        <Button
          key={label}
          ref={index === 0 ? first : undefined}
          inactive={inactive}
          onClick={() => onPause(forSeconds, label)}
          onKeyDown={onKeyDown}
        >
          {label}
        </Button>
      ))}
    </ButtonGroup>
  );
}
