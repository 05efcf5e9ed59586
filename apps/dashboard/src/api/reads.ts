import {
  type ResponseOf,
  type ArgumentsOf,
  type Command,
  type InputOf,
  isPermanent,
  learnUpstreams,
  type OperationName,
  pathOf,
  type Run,
  type SyncKind,
} from '@paceline/client';
import { isFinished } from '@paceline/client/text';
import { keepPreviousData, QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
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
/** All pages of a list. */
const readAll = <O extends Parameters<typeof api.all>[0]>(
  operation: O,
  every: Poll<unknown>['every'],
  ...input: ArgumentsOf<O>
): Poll<Awaited<ReturnType<typeof api.all<O>>>> => ({
  path: pathOf(operation, ...input),
  load: () => api.all(operation, ...input),
  every,
});
const fixed = (everyMs: number) => () => everyMs;
/** For resources with change events in the stream. */
const streamed = (everyMs: number) => () => pollInterval(everyMs);

/** A bulk call in flight can still store riders of an import that is done. */
const isComplete = (command: Command): boolean =>
  isFinished(command) && !(command.state === 'done' && (command.riders?.waiting ?? 0) > 0);

/** Pages name lanes and budgets once they are known. */
const upstreamsRead: Poll<Awaited<ReturnType<typeof learnUpstreams>>> = {
  path: '/v1/upstreams',
  load: () => learnUpstreams(api),
  every: (known) => (known ? false : 2_000),
};

export const reads = {
  // No event arrives while the broker is down, which is an alert itself.
  alerts: read('GET /v1/alerts', fixed(2_000), { query: { limit: 50 } }),
  budgets: read('GET /v1/budgets', fixed(1_000)),
  commands: read('GET /v1/commands', streamed(2_000), { query: { limit: 20 } }),
  command: (commandId: string) =>
    read('GET /v1/commands/{commandId}', (command) => (command && isComplete(command) ? false : 2_000), {
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
  // With every event that waits.
  freshness: read('GET /v1/freshness', streamed(5_000), { query: { limit: 500 } }),
  health: read('GET /v1/health', fixed(1_000)),
  queue: read('GET /v1/queue', fixed(1_000)),
  rider: (riderId: number) => read('GET /v1/riders/{riderId}', fixed(30_000), { path: { riderId } }),
  // A run that was just requested is not found until the stream reports its start.
  run: (runId: string) =>
    read('GET /v1/runs/{runId}', (run) => (run && run.state !== 'running' ? false : 1_500), {
      path: { runId },
    }),
  runsOf: (kind: SyncKind | undefined, state?: Run['state']) =>
    read('GET /v1/runs', streamed(2_000), { query: { limit: 30, kind, state } }),
  // The overview.
  ourNextEvents: read('GET /v1/events', fixed(10_000), { query: { ours: true, limit: 5 } }),
  runningRuns: read('GET /v1/runs', streamed(2_000), { query: { state: 'running', limit: 10 } }),
  schedule: read('GET /v1/schedule', streamed(15_000)),
  sources: read('GET /v1/sources', streamed(15_000)),
  // Events
  eventsOf: (query: InputOf<'GET /v1/events'>['query']) =>
    read('GET /v1/events', streamed(15_000), { query }),
  event: (eventId: string) => read('GET /v1/events/{eventId}', streamed(10_000), { path: { eventId } }),
  signups: (eventId: string) =>
    readAll('GET /v1/events/{eventId}/signups', streamed(10_000), { path: { eventId } }),
  results: (eventId: string) =>
    readAll('GET /v1/events/{eventId}/results', streamed(30_000), { path: { eventId } }),
  timelineRuns: read('GET /v1/runs', streamed(3_000), { query: { limit: 200 } }),
  upstreams: upstreamsRead,

  // Riders and clubs
  club: (clubId: number) => read('GET /v1/clubs/{clubId}', fixed(15_000), { path: { clubId } }),
  clubMembers: (clubId: number, current: boolean) =>
    read('GET /v1/clubs/{clubId}/members', fixed(15_000), {
      path: { clubId },
      query: { current, limit: 500 },
    }),
  clubs: (sorting: { sort: 'name' | 'members'; order: 'asc' | 'desc' }) =>
    read('GET /v1/clubs', fixed(15_000), { query: { ...sorting, limit: 500 } }),
  newestRiderRun: read('GET /v1/runs', streamed(3_000), { query: { kind: 'rider', limit: 1 } }),
  requestsAbout: (riderId: number) =>
    read('GET /v1/commands', streamed(2_000), { query: { riderId, limit: 20 } }),
  riderEvents: (riderId: number) =>
    read('GET /v1/riders/{riderId}/events', fixed(30_000), { path: { riderId } }),
  riderHistory: (riderId: number, since: string) =>
    readAll('GET /v1/riders/{riderId}/history', fixed(300_000), { path: { riderId }, query: { since } }),
  riderRequests: read('GET /v1/commands', streamed(2_000), { query: { type: 'add-rider', limit: 200 } }),
  riderResults: (riderId: number) =>
    read('GET /v1/riders/{riderId}/results', fixed(60_000), { path: { riderId } }),
  riders: (query: InputOf<'GET /v1/riders'>['query']) =>
    read('GET /v1/riders', fixed(15_000), { query: { ...query, include: 'trend' } }),
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

const optionsOf = <T>({ path, load, every }: Poll<T>) => ({
  queryKey: [path],
  queryFn: load,
  refetchInterval: untilRefused(every),
});

export const useRead = <T>(poll: Poll<T>, enabled = true): UseQueryResult<T> =>
  useQuery({ ...optionsOf(poll), enabled });

/** For lists with filters: shows the last list until the next one is loaded. */
export const useList = <T>(poll: Poll<T>): UseQueryResult<T> =>
  useQuery({ ...optionsOf(poll), placeholderData: keepPreviousData });

export const refresh = (path: string): Promise<void> =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(path),
  });
