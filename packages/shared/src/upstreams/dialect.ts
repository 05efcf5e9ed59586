import { z } from 'zod';
import { field } from './field.ts';

/*
 * How an upstream words its limits: the `answers` of its file. It names only what other upstreams word differently. What
 * `limits.ts` and `usage.ts` read of any upstream, such as `Retry-After` and the `RateLimit` fields, needs no entry.
 */

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const unit = z
  .enum(Object.keys(unitMs) as [keyof typeof unitMs, ...Array<keyof typeof unitMs>])
  .transform((name) => unitMs[name]);

const headerName = z.string().regex(/^[\w-]+$/, 'must be the name of a header');
const fieldPath = z
  .string()
  .regex(/^[^.\s]+(?:\.[^.\s]+)*$/, 'must be the path of a field, such as "error.limit"');

/** Headers that count the calls of budgets: `X-RateLimit-Usage: 31,412` has a number for each, in their order. */
const counter = z
  .strictObject({
    budgets: z.array(z.string().min(1)).min(1),
    limit: headerName.optional(),
    used: headerName.optional(),
    remaining: headerName.optional(),
  })
  .refine(
    ({ used, remaining }) => used !== undefined || remaining !== undefined,
    'must name the header "used" or "remaining"',
  );

export const dialectEntry = z.strictObject({
  counters: field(
    z.array(counter).optional(),
    '[{ budgets: [reads_15m, reads_day], limit: X-RateLimit-Limit, used: X-RateLimit-Usage }]',
    'Headers that count the calls of budgets, with a number for each in their order: `limit`, `used` and `remaining` name them. Default: the usual headers, for endpoints of one budget. `[]`: none.',
  ),
  policy: field(
    z.strictObject({ limit: fieldPath, window: fieldPath, unit }).optional(),
    '{ limit: error.limit, window: error.window, unit: s }',
    'The fields of the body of a 429 that name the limit that rejected the call, and the unit of its window.',
  ),
  waits: field(
    z.record(z.string().min(1), unit).default({}),
    '{ X-Wait-Minutes: m }',
    'More headers or fields that name a wait, and the unit of a plain number: ms, s, m or h.',
  ),
});

/** An upstream's `answers`, with units in ms. */
export type Dialect = z.infer<typeof dialectEntry>;
export type Counter = z.infer<typeof counter>;
