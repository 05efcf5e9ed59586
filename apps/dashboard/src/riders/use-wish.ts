import { useMutation } from '@tanstack/react-query';
import { ask, newKey } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { queryClient, refresh } from '../api/reads.ts';
import type { Command } from '../api/shapes.ts';
import { remember } from './asked.ts';

/** Away, busy with the same wish, or without a part of itself: the wish is sent again, and taken once. */
const passing = new Set([0, 409, 503]);

interface Sending {
  /** Sends a wish; it is sent again until the API answers. */
  send(body: unknown): void;
  readonly pending: boolean;
  /** What is wrong with it, or what it waits for. */
  readonly said: string | undefined;
  readonly wrong: boolean;
}

/** Asks `path` for something that becomes a command, and remembers it. */
export function useWish(path: string, onTaken: () => void): Sending {
  const { mutate, isPending, error, failureReason } = useMutation({
    mutationFn: ({ body, key }: { body: unknown; key: string }) =>
      ask<Command>('POST', path, body, { 'idempotency-key': key }),
    retry: (_, why) => why instanceof ApiProblem && passing.has(why.status),
    retryDelay: 1_000,
    networkMode: 'always',
    onSuccess({ body, traceId }) {
      queryClient.setQueryData([`/v1/commands/${body.commandId}`], body);
      remember({ commandId: body.commandId, traceId });
      onTaken();
      void refresh('/v1/commands');
    },
  });
  const again = isPending && failureReason ? `${failureReason.message}: asking again …` : undefined;
  return {
    send: (body) => mutate({ body, key: newKey() }),
    pending: isPending,
    said: again ?? (error ? inWords(error) : undefined),
    wrong: error !== null,
  };
}

/** What the API says is wrong, field by field if it does. */
const inWords = (error: Error): string =>
  error instanceof ApiProblem && error.errors.length > 0
    ? error.errors.map(({ field, message }) => `${field} ${message}`).join('; ')
    : error.message;
