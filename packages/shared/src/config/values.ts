import { z } from 'zod';
import type { Clock } from '../clock/index.ts';
import { type Service, services } from '../contracts/vocabulary.ts';
import { type Budget, budgets, parseDuration } from '../definition/index.ts';

/** `a, b,,c` → `["a", "b", "c"]` */
export const commaSeparated = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

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

export const slotDuration = duration.refine(
  (ms) => ms >= 1_000 && ms <= longestSlot && Number.isInteger(ms),
  'must be from 1s to 24h',
);

const day = 86_400_000;

/** How long something is kept: never shorter than it may still be needed. */
export const retention = (leastDays: number) =>
  duration.refine((ms) => ms >= leastDays * day, `must be at least ${leastDays}d`);

const units = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;
const shape = /^(\d+)(KiB|MiB|GiB)$/;

/** How much room something takes, as people write it (`64MiB`), read as bytes. */
export const size = z.string().transform((text, context) => {
  const [, amount, unit] = shape.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) {
    context.addIssue({ code: 'custom', message: 'must be a size such as "512KiB", "64MiB" or "2GiB"' });
    return z.NEVER;
  }
  return Number(amount) * units[unit as keyof typeof units];
});

const mebibyte = units.MiB;

/** Less than that holds not even what is in hand. */
export const storage = (leastMiB: number) =>
  size.refine((bytes) => bytes >= leastMiB * mebibyte, `must be at least ${leastMiB}MiB`);

export const timeZone = z.string().refine((name) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}, 'must be a time zone such as "UTC" or "Europe/Stockholm"');

export type Replicas = Readonly<Record<Service, number>>;

export const oneOfEach = Object.fromEntries(services.map((name) => [name, 1])) as Replicas;

/** There are as many partitions: a limiter more would have nothing to decide. */
const most = 8;

/** `2`: two of each. `limiter=3,rider-sync=2`: three and two of these, one of the others. */
export const replicas = z.string().transform((text, context): Replicas => {
  const parts = text.split(',').map((part) => part.trim());
  const counts = /^\d+$/.test(text.trim())
    ? services.map((name) => [name, Number(text)] as const)
    : parts.map((part) => {
        const [, name, count] = /^([a-z-]+)=(\d+)$/.exec(part) ?? [];
        return [services.find((each) => each === name), Number(count)] as const;
      });
  if (counts.some(([name, count]) => name === undefined || !(count >= 1 && count <= most))) {
    context.addIssue({
      code: 'custom',
      message: `must be a number from 1 to ${most}, or e.g. limiter=3,rider-sync=2 (${services.join(', ')})`,
    });
    return z.NEVER;
  }
  return { ...oneOfEach, ...Object.fromEntries(counts) };
});

/** How long a call may take before it is given up, project ms; on a fast clock never less than ten real seconds. */
export const callTimeout = (endpoint: Budget, clock: Clock): number =>
  Math.max(budgets[endpoint].timeoutMs, Math.ceil(clock.fromMachine(10_000)));
