import { type FormEvent, useEffect, useRef } from 'react';
import { queryClient } from '../api/reads.ts';
import { token } from '../api/token.ts';

/** Asks for the API's token, once for this tab. */
export function TokenForm({ wrong }: { wrong: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  function keep(event: FormEvent) {
    event.preventDefault();
    token.set(field.current?.value.trim() ?? '');
    void queryClient.invalidateQueries();
  }
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={keep}>
        <h2 id="token-title">This API wants a token</h2>
        <p className="hint">It is `API_TOKEN` of this installation. This tab keeps it until it is closed.</p>
        {wrong && (
          <p className="wrong" role="alert">
            That was not the right one.
          </p>
        )}
        <label>
          Token <input ref={field} type="password" required autoComplete="off" />
        </label>{' '}
        <button className="main">Go on</button>
      </form>
    </dialog>
  );
}
