import { type FormEvent, useRef, useState } from 'react';
import { useCommand } from './commands.ts';

/** A form field that is sent as a command. The API validates it and its message is shown. */
export function useField<Body>(
  id: string,
  read: (typed: string) => Body | undefined,
  post: Parameters<typeof useCommand<Body>>[0],
) {
  const [typed, setTyped] = useState('');
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const { send, pending, message, isInvalid } = useCommand(post, {
    onAccepted: () => setTyped(''),
    // To add the next one, or to correct this one.
    onSettled: () => input.current?.focus(),
  });
  const body = read(typed);
  function onSubmit(event: FormEvent) {
    event.preventDefault();
    if (body !== undefined && !pending) send(body);
  }
  const onChange = ({ target }: { target: { value: string } }) => setTyped(target.value);
  const described = { 'aria-invalid': isInvalid, 'aria-describedby': `${id}-message` };
  return {
    body,
    form: { className: 'rider-form', noValidate: true, onSubmit },
    field: { id, ref: input, value: typed, onChange, ...described },
    button: { type: 'submit', className: 'main', inactive: pending || body === undefined } as const,
    messageOf: (hint: string) => (
      <p id={`${id}-message`} className={isInvalid ? 'wrong' : 'hint'} role={message && 'alert'}>
        {message ?? hint}
      </p>
    ),
  };
}
