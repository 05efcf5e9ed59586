import { z } from 'zod';

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A length of time as people write it (`15m`, `90s`, `6h`), read as milliseconds. */
export const duration = z.string().transform((text, context) => {
  const [, amount, unit] = shape.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) {
    context.addIssue({ code: 'custom', message: 'must be a duration such as "90s", "15m" or "6h"' });
    return z.NEVER;
  }
  return Number(amount) * units[unit as keyof typeof units];
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
