import { type Command, isTemporary, newIdempotencyKey } from '@paceline/client';
import { isFailed, isFinished } from '@paceline/client/text';
import { useMutation } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { api } from '../api/client.ts';
import { reads, refresh, useRead } from '../api/reads.ts';
import { announce } from '../app/announce.tsx';
import { Button, ErrorMessage } from '../parts/elements.tsx';
import { Time } from '../parts/time.tsx';
import { RequestProgress } from '../requests/RequestProgress.tsx';

/** The newest request about each rider, by any person. */
export function useRiderRequests(): ReadonlyMap<number, Command> {
  const { data } = useRead(reads.riderRequests);
  return useMemo(() => {
    const newestLast = data?.items.toReversed() ?? [];
    return new Map(
      newestLast.flatMap((command) => (command.riderId === null ? [] : [[command.riderId, command]])),
    );
  }, [data]);
}

interface RefreshProps {
  readonly rider: { readonly riderId: number; readonly name: string; readonly fetchedAt: string };
  /** The newest request about the rider. */
  readonly request: Command | undefined;
  readonly label?: string;
  /** In a table, where there is a button per row, and the rider's page has the reason of a failure. */
  readonly isQuiet?: boolean;
}

/** Fetches a rider again and shows the progress until the new copy is here. */
export function RefreshRider({ rider, request, label = 'Refresh', isQuiet = false }: RefreshProps) {
  const { riderId, name, fetchedAt } = rider;
  const follow = useArrival(name, request);
  const { mutate, isPending, error } = useMutation({
    mutationFn: (idempotencyKey: string) =>
      api.call('POST /v1/riders', { body: { riderId }, headers: { 'idempotency-key': idempotencyKey } }),
    retry: (_, reason) => isTemporary(reason),
    retryDelay: 1_000,
    networkMode: 'always',
    onSuccess({ commandId }) {
      // It can end before the list of requests is read.
      follow(commandId);
      return refresh('/v1/commands');
    },
  });
  const isOpen = request !== undefined && !isFinished(request);
  const hasFailed = request !== undefined && isFailed(request) && request.requestedAt > fetchedAt;
  return (
    <div className="refresh">
      <Button
        className={isQuiet ? 'quiet' : undefined}
        aria-label={`${label} ${name}`}
        inactive={isPending || isOpen}
        onClick={() => mutate(newIdempotencyKey())}
      >
        {label}
      </Button>
      {isOpen || (hasFailed && !isQuiet) ? <RequestProgress request={request} /> : null}
      {hasFailed && isQuiet && (
        <a className="hint wrong" href={`#/riders/${riderId}`}>
          Failed at <Time at={request.finishedAt ?? request.updatedAt} />
        </a>
      )}
      <ErrorMessage error={error} />
    </div>
  );
}

/** Reads the rider when a request ends that was open on this page, and says so. Returns what opens one. */
function useArrival(name: string, request: Command | undefined) {
  const open = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (!request) return;
    const { commandId, state } = request;
    if (!isFinished(request)) {
      open.current = commandId;
      return;
    }
    if (open.current !== commandId) return;
    open.current = undefined;
    announce(state === 'done' ? `${name} is refreshed` : `${name} is not refreshed`);
    void refresh('/v1/riders');
  }, [name, request]);
  return (commandId: string) => {
    open.current = commandId;
  };
}
