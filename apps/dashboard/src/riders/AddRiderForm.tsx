import { type FormEvent, useState } from 'react';
import { riderIdOf } from './words.ts';
import { useWish } from './use-wish.ts';

/** Takes a rider's id; what is wrong with it the API says, and it is shown at the field. */
export function AddRiderForm() {
  const [typed, setTyped] = useState('');
  const { send, pending, said, wrong } = useWish('/v1/riders', () => setTyped(''));
  function submit(event: FormEvent) {
    event.preventDefault();
    send({ riderId: riderIdOf(typed) });
  }
  return (
    <form className="wish-form" onSubmit={submit} noValidate>
      <label htmlFor="rider-id">Rider</label>
      <input
        id="rider-id"
        inputMode="numeric"
        placeholder="4500001"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        aria-invalid={wrong}
        aria-describedby="rider-id-said"
      />
      <button type="submit" className="main" disabled={pending || typed.trim() === ''}>
        Add rider
      </button>
      <Said
        id="rider-id-said"
        said={said}
        wrong={wrong}
        hint="The id by which Zwift and ZwiftRacing know the rider."
      />
    </form>
  );
}

/** What the API says of a field, or what belongs into it. */
export const Said = ({
  id,
  said,
  wrong,
  hint,
}: {
  id: string;
  said: string | undefined;
  wrong: boolean;
  hint: string;
}) => (
  <p id={id} className={wrong ? 'wrong' : 'hint'} role={said === undefined ? undefined : 'alert'}>
    {said ?? hint}
  </p>
);
