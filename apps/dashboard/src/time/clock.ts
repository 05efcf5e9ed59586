import { createContext, useContext, useSyncExternalStore } from 'react';
import { nowBy, type Reading } from './reading.ts';

export const ClockContext = createContext<Reading>({ now: 0, scale: 1, readAt: 0 });

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

/** Project time now, ms since the epoch; whoever uses it is drawn anew as it passes. */
export function useNow(): number {
  const reading = useContext(ClockContext);
  return nowBy(
    reading,
    useSyncExternalStore(follow, () => stopwatch),
  );
}
