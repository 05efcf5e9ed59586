import { z } from 'zod';
import { parseDuration } from '../definition/index.ts';

/** A length of time as people write it (`15m`, `90s`, `6h`), read as milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as "90s", "15m" or "6h"' });
  return z.NEVER;
});

/** A length of time as `duration` reads it: `10m`, `90s`. */
export function formatDuration(ms: number): string {
  const [unit, size] = written.find(([, each]) => ms % each === 0) ?? written[2];
  return `${ms / size}${unit}`;
}

const written = [
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Project ms: no slot is open for longer. */
export const longestSlot = 86_400_000;

/** How long a slot stays open. */
export const slotDuration = duration.refine(
  (ms) => ms >= 1_000 && ms <= longestSlot && Number.isInteger(ms),
  'must be from 1s to 24h',
);

const day = 86_400_000;

/** How long something is kept: never shorter than it may still be needed. */
export const keptFor = (leastDays: number) =>
  duration.refine((ms) => ms >= leastDays * day, `must be at least ${leastDays}d`);
