import { type FormEvent, useEffect, useRef, useState } from 'react';
import { token } from '../api/client.ts';
import { queryClient } from '../api/reads.ts';
import { Button } from '../parts/elements.tsx';

interface TokenPromptProps {
  readonly isRejected: boolean;
  readonly onEntered: () => void;
}

/** Asks for the API token; a closed dialog can be opened again. */
export function TokenPrompt({ isRejected, onEntered }: TokenPromptProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
  }, [isOpen]);
  function saveToken(event: FormEvent) {
    event.preventDefault();
    token.set(field.current?.value.trim() ?? '');
    void queryClient.invalidateQueries();
    // Behind an open dialog nothing can have the focus.
    dialog.current?.close();
    onEntered();
  }
  function onClose() {
    setOpen(false);
    opener.current?.focus();
  }
  return (
    <>
      <p className="banner">
        The API requires a token.{' '}
        <Button ref={opener} onClick={() => setOpen(true)}>
          Enter token
        </Button>
      </p>
      <dialog ref={dialog} aria-labelledby="token-title" onClose={onClose}>
        <form onSubmit={saveToken}>
          <h2 id="token-title">Enter the API token</h2>
          <p className="hint">
            The <code>API_TOKEN</code> of this installation. It is kept until you close this tab.
          </p>
          {isRejected && (
            <p className="wrong" role="alert" id="token-rejected">
              Token not accepted.
            </p>
          )}
          <label>
            Token{' '}
            <input
              ref={field}
              type="password"
              required
              autoComplete="off"
              aria-invalid={isRejected}
              aria-describedby={isRejected ? 'token-rejected' : undefined}
            />
          </label>{' '}
          <button className="main">Continue</button>
        </form>
      </dialog>
    </>
  );
}
