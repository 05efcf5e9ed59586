import { z } from 'zod';
import { upstreamUrl } from '../config/addresses.ts';
import { colors, parseDuration, parseLimit } from '../definition/index.ts';
import { dialectEntry } from './dialect.ts';

/* The schema of an upstream file. Descriptions are for the documentation. */

const text = z.string().trim().min(1);
const count = z.int().min(0);

/** The form of names in messages, metrics and addresses. */
const name = /^[a-z][a-z0-9_]*$/;
const named = <Value extends z.ZodType>(value: Value) =>
  z
    .record(z.string().regex(name, 'must be lower-case letters, digits and _, starting with a letter'), value)
    .refine((record) => Object.keys(record).length > 0, 'must not be empty');

const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable, such as STRAVA_TOKEN');

/** Text that `parse` turns into a value. */
const parsed = <Value>(parse: (text: string) => Value | undefined, form: string) =>
  z.string().transform((written, context) => {
    const value = parse(written);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `must be ${form}` });
    return z.NEVER;
  });

const duration = parsed(parseDuration, 'a duration such as 30s');
const limit = parsed(parseLimit, 'a limit such as 100 per 15m');

const header = z.string().regex(/^[\w-]+$/, 'must be the name of a header');

const auth = z.union(
  [
    z.strictObject({ bearer: variable }).transform(({ bearer: secret }) => ({
      in: 'header' as const,
      name: 'Authorization',
      prefix: 'Bearer ',
      secret,
    })),
    z
      .strictObject({ header, secret: variable })
      .transform(({ header: name, secret }) => ({ in: 'header' as const, name, prefix: '', secret })),
    z
      .strictObject({ query: z.string().regex(/^[\w.-]+$/), secret: variable })
      .transform(({ query: name, secret }) => ({ in: 'query' as const, name, prefix: '', secret })),
  ],
  'must be { bearer: VARIABLE }, { header: Name, secret: VARIABLE } or { query: name, secret: VARIABLE }',
);

const limits = z.preprocess(
  (value) => (typeof value === 'string' ? { standard: value } : value),
  z
    .strictObject({ standard: limit, premium: limit.optional() })
    .transform(({ standard, premium = standard }) => ({ standard, premium })),
);

const budget = z.strictObject({
  label: text.describe('Its name for people.'),
  limit: limits.describe('`100 per 15m`, or one per tier of a key: `{ standard: …, premium: … }`.'),
  resets: z
    .enum(['sliding', 'aligned'])
    .default('sliding')
    .describe(
      '`sliding`: the limit holds in any interval of that length. `aligned`: the count starts again at multiples of it in UTC, such as every quarter of an hour or at midnight.',
    ),
  paced: z
    .boolean()
    .default(false)
    .describe(
      'Whether lanes that are not forced may only use the share of an aligned window that has passed.',
    ),
  reserve: count.default(0).describe('Calls of a window that only forced lanes can use.'),
  rejectedCount: z.boolean().default(true).describe('Whether a call that upstream rejects counts.'),
});

const call = z
  .string()
  .regex(
    /^(?:GET|HEAD|POST|PUT|PATCH|DELETE) (?:\/(?::\w+|[\w~-][\w.~-]*))+$/,
    'must be a method and a path such as GET /clubs/:id',
  );

const endpoint = z.strictObject({
  label: text.optional().describe('Its name for people; default that of its budget of the same name.'),
  fetches: text
    .optional()
    .describe('What a call fetches, before its target: `club` in "club 7". Default: the name.'),
  source: text
    .optional()
    .describe('The part of the API, if a key may have access to some only. Default: the name.'),
  calls: z
    .array(call)
    .min(1)
    .describe(
      'Method and path below the base URL; `:id` stands for one segment. No other path can be called.',
    ),
  budgets: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('The budgets in which each call counts; default the one of the same name.'),
  batch: z.int().min(1).default(1).describe('How many ids one call can request.'),
  timeout: duration.default(30_000).describe('How long to wait for an answer.'),
  typical: duration.default(1_000).describe('How long a call usually takes, until some were measured.'),
});

const lane = z.strictObject({
  label: text.describe('Its name for people.'),
  color: z.enum(colors).default('grey').describe('Its color in pictures.'),
  forced: z
    .boolean()
    .default(false)
    .describe('Whether its calls can use reserves, and run ahead of a paced window.'),
  headStart: duration
    .default(0)
    .describe('How much earlier than its request time a request is placed in the queue.'),
});

export const upstreamFile = z.strictObject({
  label: text.describe('Its name for people.'),
  baseUrl: upstreamUrl.describe('The address before every path. The variable `<NAME>_BASE_URL` replaces it.'),
  auth: auth.describe(
    'Where the key goes: `{ bearer: VARIABLE }`, `{ header: Name, secret: VARIABLE }` or `{ query: name, secret: VARIABLE }`. The key itself is in that variable.',
  ),
  budgets: named(budget).describe('The rate limits by name, each one window.'),
  endpoints: named(endpoint).describe('The calls by name.'),
  lanes: named(lane).optional().describe('The priorities of requests by name; default those of the syncs.'),
  answers: dialectEntry
    .prefault({})
    .describe('How answers word limits, where they differ from the usual headers and fields.'),
});
export type UpstreamFile = z.output<typeof upstreamFile>;
