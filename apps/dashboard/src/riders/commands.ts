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

export function useCommand<Body>(
  post: (body: Body, headers: { 'idempotency-key': string }) => Promise<Command>,
  onAccepted: () => void,
) {
  const { mutate, isPending, error, failureReason } = useMutation({
    mutationFn: ({ body, once }: { body: Body; once: string }) => post(body, { 'idempotency-key': once }),
    retry: (_, why) => isTemporary(why),
    retryDelay: 1_000,
    networkMode: 'always',
    onSuccess(command) {
      queryClient.setQueryData([reads.command(command.commandId).path], command);
      track(command.commandId);
      onAccepted();
      void refresh('/v1/commands');
    },
  });
  const again = isPending && failureReason ? `${failureReason.message}: asking again …` : undefined;
  return {
    /** Sends a command until the API answers; it is carried out once. */
    send: (body: Body) => mutate({ body, once: newIdempotencyKey() }),
    pending: isPending,
    message: again ?? (error ? errorText(error) : undefined),
    wrong: error !== null,
  };
}
