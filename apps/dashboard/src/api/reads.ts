import { QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { get } from './client.ts';
import type { Budget, Clock, Command, Event, Freshness, List, Run, SyncKind } from './shapes.ts';

/** Everything that is asked for again and again stands here, so that a stream of changes can take its place. */
export const reads = {
  clock: read<Clock>('/v1/clock', 30_000),
  budgets: read<List<Budget> & { promises: { kept: number; broken: number } }>('/v1/budgets', 1_000),
  commands: read<List<Command>>('/v1/commands?limit=20', 2_000),
  events: read<List<Event>>('/v1/events?limit=500', 30_000),
  freshness: read<Freshness>('/v1/freshness?next=15', 5_000),
  runsOf: (kind: SyncKind | undefined) =>
    read<List<Run>>(`/v1/runs?limit=50${kind ? `&kind=${kind}` : ''}`, 2_000),
  timelineRuns: read<List<Run>>('/v1/runs?limit=200', 3_000),
};

/** A path, and after how many real ms it is asked for again. */
interface Read<T> {
  readonly path: string;
  readonly everyMs: number;
  /** Of what an answer is: it is never there. */
  readonly answer?: T;
}

function read<T>(path: string, everyMs: number): Read<T> {
  return { path, everyMs };
}

export const queryClient = new QueryClient({
  // What went wrong is asked for again with the next round; a hidden tab asks for nothing.
  defaultOptions: { queries: { retry: false, refetchIntervalInBackground: false, networkMode: 'always' } },
});

export const useRead = <T>({ path, everyMs }: Read<T>): UseQueryResult<T> =>
  useQuery({ queryKey: [path], queryFn: () => get<T>(path), refetchInterval: everyMs });

/** Asks anew for whatever begins with `path`: something was done to it. */
export const refresh = (path: string): Promise<void> =>
  queryClient.invalidateQueries({
    predicate: ({ queryKey: [key] }) => typeof key === 'string' && key.startsWith(path),
  });
