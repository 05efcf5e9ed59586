import { createStore } from '../api/client.ts';
import { type Command, isTemporary, newIdempotencyKey, errorText } from '@paceline/client';
import { useMutation } from '@tanstack/react-query';
import { queryClient, reads, refresh } from '../api/reads.ts';

const key = 'paceline-commands';

export const tracked = createStore<readonly string[]>(
  JSON.parse(sessionStorage.getItem(key) ?? '[]') as string[],
);

function track(commandId: string): void {
  tracked.set([commandId, ...tracked.get()].slice(0, 20));
  sessionStorage.setItem(key, JSON.stringify(tracked.get()));
}

/** Stops showing a command, e.g. when it no longer exists. */
export function forget(commandId: string): void {
  tracked.set(tracked.get().filter((each) => each !== commandId));
  sessionStorage.setItem(key, JSON.stringify(tracked.get()));
}

export function useCommand<Body>(
  post: (body: Body, headers: { 'idempotency-key': string }) => Promise<Command>,
  { onAccepted, onSettled }: { readonly onAccepted: () => void; readonly onSettled: () => void },
) {
  const { mutate, isPending, error, failureReason } = useMutation({
    mutationFn: ({ body, idempotencyKey }: { body: Body; idempotencyKey: string }) =>
      post(body, { 'idempotency-key': idempotencyKey }),
    retry: (_, why) => isTemporary(why),
    retryDelay: 1_000,
    networkMode: 'always',
    onSuccess(command) {
      queryClient.setQueryData([reads.command(command.commandId).path], command);
      track(command.commandId);
      onAccepted();
      void refresh('/v1/commands');
    },
    onSettled,
  });
  const retrying = isPending && failureReason ? `${failureReason.message}. Retrying …` : undefined;
  return {
    /** Sends a command until the API responds; the idempotency key ensures that it runs once. */
    send: (body: Body) => mutate({ body, idempotencyKey: newIdempotencyKey() }),
    pending: isPending,
    message: retrying ?? (error ? errorText(error).replace(/^riderId /, 'Rider id ') : undefined),
    isInvalid: error !== null,
  };
}
