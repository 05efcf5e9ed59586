import { type ClockReading, projectTime, readClock } from '@paceline/client';
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react';
import { api } from '../api/client.ts';

export const ClockContext = createContext<ClockReading>({ now: 0, scale: 1, readAt: 0 });

/** Nothing can be drawn before it is known what time it is. */
export function ClockProvider({ children, waiting }: { children: ReactNode; waiting: ReactNode }) {
  const { data } = useQuery({
    queryKey: ['/v1/clock'],
    queryFn: () => readClock(api),
    refetchInterval: ({ state }) => (state.status === 'error' ? 1_000 : 30_000),
  });
  return data ? <ClockContext value={data}>{children}</ClockContext> : waiting;
}

/** The pictures move ten times a second, or once for those who want little motion. */
const still = matchMedia('(prefers-reduced-motion: reduce)');
const listeners = new Set<() => void>();
let stopwatch = performance.now();
let timer: ReturnType<typeof setInterval> | undefined;

function beat(): void {
  stopwatch = performance.now();
  for (const listener of listeners) listener();
}

function wind(): void {
  clearInterval(timer);
  const moving = listeners.size > 0 && !document.hidden;
  timer = moving ? setInterval(beat, still.matches ? 1_000 : 100) : undefined;
  if (moving) beat();
}
document.addEventListener('visibilitychange', wind);
still.addEventListener('change', wind);

function follow(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) wind();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) wind();
  };
}

export function useNow(): number {
  const reading = useContext(ClockContext);
  return projectTime(
    reading,
    useSyncExternalStore(follow, () => stopwatch),
  );
}
