import { type ClockReading, isPermanent, projectTime, readClock } from '@paceline/client';
import { useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useSyncExternalStore } from 'react';
import { api } from '../api/client.ts';

const ClockContext = createContext<ClockReading | undefined>(undefined);

export function ClockProvider({ children }: { children: ReactNode }) {
  const { data } = useQuery({
    queryKey: ['/v1/clock'],
    queryFn: () => readClock(api),
    refetchInterval: ({ state: { status, error } }) =>
      isPermanent(error) ? false : status === 'error' ? 1_000 : 30_000,
  });
  return <ClockContext value={data}>{children}</ClockContext>;
}

/** Shows `waiting` until the API's time is known: every chart and age depends on it. */
export const ClockReady = ({ children, waiting }: { children: ReactNode; waiting: ReactNode }) =>
  useClockIfKnown() ? children : waiting;

/** The API's clock; undefined until it is known. */
export const useClockIfKnown = (): ClockReading | undefined => useContext(ClockContext);

/** The API's clock, inside of `ClockReady`. */
export function useClock(): ClockReading {
  const reading = useClockIfKnown();
  if (!reading) throw new Error('the time of the API is not known yet');
  return reading;
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

/** Steps of `useNow`, project ms. */
export const second = 1_000;
export const minute = 60 * second;

/** Project ms, updated while the page is visible. @param stepMs what shows no more detail is drawn once per step */
export function useNow(stepMs = 1): number {
  const reading = useClock();
  return useSyncExternalStore(follow, () => {
    const now = projectTime(reading, monotonicMs);
    return now - (now % stepMs);
  });
}
