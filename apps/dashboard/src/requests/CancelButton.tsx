import type { Command } from '@paceline/client';
import { isFinished, titleOf } from '@paceline/client/text';
import { useMutation } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { queryClient, reads, refresh } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { Button, ErrorMessage } from '../parts/elements.tsx';

/** Takes a waiting request out of the queue. The button stays after its click, to keep the focus. */
export function CancelButton({ command }: { command: Command }) {
  const { commandId, state } = command;
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: () => api.call('POST /v1/commands/{commandId}/cancel', { path: { commandId } }),
    onSuccess(cancelled) {
      queryClient.setQueryData([reads.command(commandId).path], cancelled);
      announce(`${titleOf(command)}: cancelled`);
      return refresh('/v1/commands');
    },
  });
  if (!isSuccess && (isFinished(command) || state === 'running')) return null;
  return (
    <>
      <Button
        aria-label={`Cancel ${titleOf(command)}`}
        inactive={isPending || isSuccess}
        onClick={() => mutate()}
      >
        Cancel
      </Button>
      <ErrorMessage error={error} />
    </>
  );
}
