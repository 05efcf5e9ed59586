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
