import { z } from 'zod';
import type { Clock } from '../clock/index.ts';
import { type Service, services } from '../contracts/vocabulary.ts';
import { parseDuration } from '../definition/index.ts';

/** `a, b,,c` → `["a", "b", "c"]` */
export const commaSeparated = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** Digits only: `Number` would also accept `1e3`, `0x10` and spaces. */
export const wholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER) =>
  z.string().transform((text, context) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `, at least ${min}` : ` from ${min} to ${max}`;
    context.addIssue({ code: 'custom', message: `must be a whole number${range}` });
    return z.NEVER;
  });

export const port = wholeNumber(0, 65_535);

/** A duration such as `15m`, `90s` or `6h`, parsed to milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as "90s", "15m" or "6h"' });
  return z.NEVER;
});

/** `always`, or an interval for nats-server's `sync_interval`. */
export const syncInterval = z
  .string()
  .refine(
    (text) => text === 'always' || /^[1-9]\d*[smh]$/.test(text),
    'must be always, or an interval such as "30s" or "2m"',
  );

/** Formats a duration so that `duration` parses it: `10m`, `90s`. */
export function formatDuration(ms: number): string {
  const [unit, size] = written.find(([, each]) => ms % each === 0) ?? written[2];
  return `${ms / size}${unit}`;
}

const written = [
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Max duration of a slot, project ms. */
export const maxSlotMs = 86_400_000;

export const slotDuration = duration.refine(
  (ms) => ms >= 1_000 && ms <= maxSlotMs && Number.isInteger(ms),
  'must be from 1s to 24h',
);

const day = 86_400_000;

/** How long something is kept; the minimum is how long it is still needed. */
export const retention = (minDays: number) =>
  duration.refine((ms) => ms >= minDays * day, `must be at least ${minDays}d`);

const units = { KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;
const shape = /^(\d+)(KiB|MiB|GiB)$/;

/** A size such as `64MiB`, parsed to bytes. */
export const size = z.string().transform((text, context) => {
  const [, amount, unit] = shape.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) {
    context.addIssue({ code: 'custom', message: 'must be a size such as "512KiB", "64MiB" or "2GiB"' });
    return z.NEVER;
  }
  return Number(amount) * units[unit as keyof typeof units];
});

const mebibyte = units.MiB;

/** A size limit of a store; below the minimum, messages in flight would not fit. */
export const storage = (minMiB: number) =>
  size.refine((bytes) => bytes >= minMiB * mebibyte, `must be at least ${minMiB}MiB`);

export const timeZone = z.string().refine((name) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}, 'must be a time zone such as "UTC" or "Europe/Stockholm"');

/** Callers that have no token of a program. */
const otherCallers = new Set(['operator', 'local']);

/** `export=…,backup=…`: the tokens of programs by name. */
export const programTokens = z.string().transform((text, context): Readonly<Record<string, string>> => {
  const pairs = commaSeparated(text).map((part) => /^([a-z][a-z0-9-]{0,30})=(\S{16,})$/.exec(part) ?? []);
  const tokens = Object.fromEntries(pairs.map(([, name = '', token = '']) => [name, token]));
  const values = Object.values(tokens);
  const isValid =
    Object.keys(tokens).length === pairs.length &&
    new Set(values).size === pairs.length &&
    pairs.every(([, name]) => name !== undefined && !otherCallers.has(name));
  if (isValid) return tokens;
  context.addIssue({
    code: 'custom',
    message:
      'must be pairs such as export=<token>,backup=<token>: different names of lower-case letters, digits and -, and different tokens of at least 16 characters',
  });
  return z.NEVER;
});

export type Replicas = Readonly<Record<Service, number>>;

export const oneOfEach = Object.fromEntries(services.map((name) => [name, 1])) as Replicas;

/** The number of limiter partitions: any more limiters would own none. */
const maxReplicas = 8;

/** `2`: two processes of every service. `limiter=3,rider-sync=2`: those numbers, one of every other service. */
export const replicas = z.string().transform((text, context): Replicas => {
  const parts = text.split(',').map((part) => part.trim());
  const counts = /^\d+$/.test(text.trim())
    ? services.map((name) => [name, Number(text)] as const)
    : parts.map((part) => {
        const [, name, count] = /^([a-z-]+)=(\d+)$/.exec(part) ?? [];
        return [services.find((each) => each === name), Number(count)] as const;
      });
  if (counts.some(([name, count]) => name === undefined || !(count >= 1 && count <= maxReplicas))) {
    context.addIssue({
      code: 'custom',
      message: `must be a number from 1 to ${maxReplicas}, or e.g. limiter=3,rider-sync=2 (${services.join(', ')})`,
    });
    return z.NEVER;
  }
  return { ...oneOfEach, ...Object.fromEntries(counts) };
});

/** An estimate counts as kept when the call starts at most this much later, project ms: 1 s, and 0.5 s on the machine. */
export const estimateTolerance = (clock: Clock): number => 1_000 + Math.ceil(clock.toProjectMs(500));
