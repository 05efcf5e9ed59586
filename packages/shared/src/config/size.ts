import { z } from 'zod';

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
export const roomFor = (leastMiB: number) =>
  size.refine((bytes) => bytes >= leastMiB * mebibyte, `must be at least ${leastMiB}MiB`);
