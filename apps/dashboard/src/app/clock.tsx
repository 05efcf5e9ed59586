import { type ClockReading, projectTime, readClock } from '@paceline/client';
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react';
import { api } from '../api/client.ts';

export const ClockContext = createContext<ClockReading>({ now: 0, scale: 1, readAt: 0 });

/** Shows `waiting` until the API's time is known: every chart depends on it. */
export function ClockProvider({ children, waiting }: { children: ReactNode; waiting: ReactNode }) {
  const { data } = useQuery({
    queryKey: ['/v1/clock'],
    queryFn: () => readClock(api),
    refetchInterval: ({ state }) => (state.status === 'error' ? 1_000 : 30_000),
  });
  return data ? <ClockContext value={data}>{children}</ClockContext> : waiting;
}

/** Charts move ten times a second, or once with reduced motion. */
const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
const listeners = new Set<() => void>();
let monotonicMs = performance.now();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  monotonicMs = performance.now();
  for (const listener of listeners) listener();
}

function restartTimer(): void {
  clearInterval(timer);
  const moving = listeners.size > 0 && !document.hidden;
  timer = moving ? setInterval(tick, reducedMotion.matches ? 1_000 : 100) : undefined;
  if (moving) tick();
}
document.addEventListener('visibilitychange', restartTimer);
reducedMotion.addEventListener('change', restartTimer);

function follow(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) restartTimer();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) restartTimer();
  };
}

/** Project ms, updated while the page is visible. */
export function useNow(): number {
  const reading = useContext(ClockContext);
  return projectTime(
    reading,
    useSyncExternalStore(follow, () => monotonicMs),
  );
}
