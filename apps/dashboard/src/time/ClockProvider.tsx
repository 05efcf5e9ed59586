import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { get } from '../api/client.ts';
import { reads } from '../api/reads.ts';
import type { Clock } from '../api/shapes.ts';
import { ClockContext } from './clock.ts';
import type { Reading } from './reading.ts';

/** Nothing can be drawn before it is known what time it is. */
export function ClockProvider({ children, waiting }: { children: ReactNode; waiting: ReactNode }) {
  const { path, everyMs } = reads.clock;
  const { data } = useQuery({
    queryKey: [path],
    queryFn: () => readClock(path),
    refetchInterval: ({ state }) => (state.status === 'error' ? 1_000 : everyMs),
  });
  return data ? <ClockContext value={data}>{children}</ClockContext> : waiting;
}

async function readClock(path: string): Promise<Reading> {
  const asked = performance.now();
  const { now, scale } = await get<Clock>(path);
  // The answer was written somewhere between the two.
  return { now: Date.parse(now), scale, readAt: (asked + performance.now()) / 2 };
}
