import { QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { get } from './client.ts';
import { paced } from './live.ts';
import type {
  Alert,
  Budget,
  Clock,
  Command,
  Conflict,
  Event,
  Freshness,
  List,
  Queue,
  Run,
  Schedule,
  Source,
  SyncKind,
} from './shapes.ts';

/** Everything that is asked for again and again stands here, so that a stream of changes can take its place. */
export const reads = {
  alerts: told<List<Alert>>('/v1/alerts?limit=50', 5_000),
  clock: read<Clock>('/v1/clock', 30_000),
  budgets: read<List<Budget> & { promises: { kept: number; broken: number } }>('/v1/budgets', 1_000),
  commands: told<List<Command>>('/v1/commands?limit=20', 2_000),
  conflicts: told<List<Conflict>>('/v1/conflicts?limit=200', 5_000),
  events: read<List<Event>>('/v1/events?limit=500', 30_000),
  freshness: told<Freshness>('/v1/freshness?next=15', 5_000),
  queue: read<Queue>('/v1/queue', 1_000),
  runsOf: (kind: SyncKind | undefined) =>
    told<List<Run>>(`/v1/runs?limit=30${kind ? `&kind=${kind}` : ''}`, 2_000),
  schedule: told<Schedule>('/v1/schedule', 15_000),
  sources: told<{ sources: Source[] }>('/v1/sources', 15_000),
  timelineRuns: told<List<Run>>('/v1/runs?limit=200', 3_000),
};

/** A path, and after how many real ms it is asked for again; `told`: the stream tells when it has changed. */
interface Read<T> {
  readonly path: string;
  readonly everyMs: number;
  readonly told: boolean;
  /** Of what an answer is: it is never there. */
  readonly answer?: T;
}

function told<T>(path: string, everyMs: number): Read<T> {
  return { path, everyMs, told: true };
}

function read<T>(path: string, everyMs: number): Read<T> {
  return { path, everyMs, told: false };
}

export const queryClient = new QueryClient({
  // What went wrong is asked for again with the next round; a hidden tab asks for nothing.
  defaultOptions: { queries: { retry: false, refetchIntervalInBackground: false, networkMode: 'always' } },
});

export const useRead = <T>({ path, everyMs, told: heard }: Read<T>): UseQueryResult<T> =>
  useQuery({
    queryKey: [path],
    queryFn: () => get<T>(path),
    refetchInterval: () => (heard ? paced(everyMs) : everyMs),
  });

/** Asks anew for whatever begins with `path`: something was done to it. */
export const refresh = (path: string): Promise<void> =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(path),
  });
