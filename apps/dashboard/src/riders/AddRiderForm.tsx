import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { queryClient, refresh } from '../api/reads.ts';
import type { Command } from '../api/shapes.ts';
import { remember } from './asked.ts';
import { riderIdOf } from './words.ts';

/** Takes a rider's id; what is wrong with it the API says, and it is shown at the field. */
export function AddRiderForm() {
  const [typed, setTyped] = useState('');
  const add = useMutation({
    mutationFn: (riderId: number | string) => ask<Command>('POST', '/v1/riders', { riderId }),
    onSuccess({ body, traceId }) {
      queryClient.setQueryData([`/v1/commands/${body.commandId}`], body);
      remember({ commandId: body.commandId, traceId });
      setTyped('');
      void refresh('/v1/commands');
    },
  });
  const fields =
    add.error instanceof ApiProblem ? add.error.errors.filter(({ field }) => field === 'riderId') : [];
  const wrong =
    fields.length > 0 ? fields.map(({ message }) => `It ${message}`).join('; ') : add.error?.message;
  function send(event: FormEvent) {
    event.preventDefault();
    add.mutate(riderIdOf(typed));
  }
  return (
    <form className="add-rider" onSubmit={send} noValidate>
      <label htmlFor="rider-id">Rider</label>
      <input
        id="rider-id"
        inputMode="numeric"
        placeholder="4500001"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        aria-invalid={wrong !== undefined}
        aria-describedby="rider-id-help"
      />
      <button className="main" disabled={add.isPending || typed.trim() === ''}>
        Add rider
      </button>
      <p
        id="rider-id-help"
        className={wrong === undefined ? 'hint' : 'wrong'}
        role={wrong === undefined ? undefined : 'alert'}
      >
        {wrong ?? 'The id that ZwiftRacing and Zwift know the rider by.'}
      </p>
    </form>
  );
}
