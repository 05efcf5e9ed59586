import {
  type ResponseOf,
  type ArgumentsOf,
  type Command,
  isPermanent,
  type OperationName,
  pathOf,
  type SyncKind,
} from '@paceline/client';
import { isFinished } from '@paceline/client/text';
import { QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { api, createStore } from './client.ts';

export const streamConnected = createStore(false);
/** Real ms between two polls of a resource that also has change events. */
export const pollInterval = (everyMs: number): number =>
  streamConnected.get() ? Math.max(10_000, everyMs) : everyMs;

export interface Poll<T> {
  readonly path: string;
  readonly load: () => Promise<T>;
  readonly every: (data: T | undefined) => number | false;
}

const read = <O extends OperationName>(
  operation: O,
  every: Poll<ResponseOf<O>>['every'],
  ...input: ArgumentsOf<O>
): Poll<ResponseOf<O>> => ({
  path: pathOf(operation, ...input),
  load: () => api.call(operation, ...input),
  every,
});
const fixed = (everyMs: number) => () => everyMs;
/** For resources with change events in the stream. */
const streamed = (everyMs: number) => () => pollInterval(everyMs);

export const reads = {
  // No event arrives while the broker is down, which is an alert itself.
  alerts: read('GET /v1/alerts', fixed(2_000), { query: { limit: 50 } }),
  budgets: read('GET /v1/budgets', fixed(1_000)),
  commands: read('GET /v1/commands', streamed(2_000), { query: { limit: 20 } }),
  command: (commandId: string) =>
    read('GET /v1/commands/{commandId}', (command) => (command && isFinished(command) ? false : 700), {
      path: { commandId },
    }),
  conflicts: read('GET /v1/conflicts', streamed(5_000), { query: { limit: 200 } }),
  events: read('GET /v1/events', fixed(30_000), { query: { limit: 500 } }),
  failedRiders: ({ commandId, finishedAt }: Command) =>
    read('GET /v1/commands/{commandId}/riders', () => (finishedAt === null ? pollInterval(2_000) : false), {
      path: { commandId },
      query: { outcome: 'failed', limit: 50 },
    }),
  failures: read('GET /v1/failures', streamed(10_000), { query: { limit: 100 } }),
  freshness: read('GET /v1/freshness', streamed(5_000), { query: { next: 15 } }),
  health: read('GET /v1/health', fixed(1_000)),
  queue: read('GET /v1/queue', fixed(1_000)),
  rider: (riderId: number) => read('GET /v1/riders/{riderId}', fixed(30_000), { path: { riderId } }),
  // A run that was just requested is not found until the stream reports its start.
  run: (runId: string) =>
    read('GET /v1/runs/{runId}', (run) => (run && run.state !== 'running' ? false : 1_500), {
      path: { runId },
    }),
  runsOf: (kind: SyncKind | undefined) =>
    read('GET /v1/runs', streamed(2_000), { query: { limit: 30, kind } }),
  schedule: read('GET /v1/schedule', streamed(15_000)),
  sources: read('GET /v1/sources', streamed(15_000)),
  timelineRuns: read('GET /v1/runs', streamed(3_000), { query: { limit: 200 } }),
};

export const queryClient = new QueryClient({
  // The next poll is the retry; a hidden tab does not poll.
  defaultOptions: { queries: { retry: false, refetchIntervalInBackground: false, networkMode: 'always' } },
});

interface ReadState<T> {
  readonly state: { readonly data: T | undefined; readonly error: Error | null };
}

/** Polls until the API refuses the request for good: then only an event of the stream or a new token can change that. */
export const untilRefused =
  <T>(every: (data: T | undefined) => number | false) =>
  ({ state: { data, error } }: ReadState<T>) =>
    isPermanent(error) ? false : every(data);

export const useRead = <T>({ path, load, every }: Poll<T>, enabled = true): UseQueryResult<T> =>
  useQuery({
    queryKey: [path],
    queryFn: load,
    enabled,
    refetchInterval: untilRefused(every),
  });

export const refresh = (path: string): Promise<void> =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(path),
  });
