import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { get } from '../api/client.ts';
import { paced } from '../api/live.ts';
import { queryClient } from '../api/reads.ts';
import type { Clock, List, Permit } from '../api/shapes.ts';
import { askFrom, mergePermits } from './layout.ts';

const path = '/v1/permits';

/** The permits of the last day. All are asked for once, and then those that are new or had not ended. */
export const useDay = (): UseQueryResult<Permit[]> =>
  useQuery({
    queryKey: [path],
    queryFn: async () => {
      const known = queryClient.getQueryData<Permit[]>([path]) ?? [];
      const [told, { now }] = await Promise.all([allSince(askFrom(known)), get<Clock>('/v1/clock')]);
      return mergePermits(known, told, Date.parse(now));
    },
    refetchInterval: () => paced(5_000),
    // Thousands that hardly change: to compare them all would be the most of the work.
    structuralSharing: false,
  });

async function allSince(since: string | undefined): Promise<Permit[]> {
  const permits: Permit[] = [];
  const from = since === undefined ? '' : `&since=${since}`;
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: List<Permit> = await get(`${path}?limit=500${from}${cursor && `&cursor=${cursor}`}`);
    permits.push(...page.items);
    cursor = page.next;
  }
  return permits;
}
