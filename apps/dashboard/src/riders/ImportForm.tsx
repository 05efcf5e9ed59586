import { type FormEvent, useState } from 'react';
import { Said } from './AddRiderForm.tsx';
import { useWish } from './use-wish.ts';
import { riderIdsOf } from './words.ts';

/** Takes many riders at once, as they are pasted from a list or a table. */
export function ImportForm() {
  const [typed, setTyped] = useState('');
  const { send, pending, said, wrong } = useWish('/v1/riders/import', () => setTyped(''));
  const ids = riderIdsOf(typed);
  function submit(event: FormEvent) {
    event.preventDefault();
    send({ riderIds: ids });
  }
  return (
    <form className="wish-form" onSubmit={submit} noValidate>
      <label htmlFor="rider-ids">Riders</label>
      <textarea
        id="rider-ids"
        rows={3}
        placeholder="4500001 4500002 4500003"
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        aria-invalid={wrong}
        aria-describedby="rider-ids-said"
      />
      <button type="submit" className="main" disabled={pending || ids.length === 0}>
        {ids.length === 0 ? 'Import' : `Import ${ids.length}`}
      </button>
      <Said
        id="rider-ids-said"
        said={said}
        wrong={wrong}
        hint="Ids between spaces, commas or lines; a thousand come with one bulk call."
      />
    </form>
  );
}
