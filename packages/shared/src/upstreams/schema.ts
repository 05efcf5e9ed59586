import { z } from 'zod';
import { upstreamUrl } from '../config/addresses.ts';
import { colors, parseDuration, parseLimit } from '../definition/index.ts';
import { dialectEntry } from './dialect.ts';
import { field } from './field.ts';

/* The schema of an upstream file. `docs/upstream-files.md` is generated from it. */

const text = z.string().trim().min(1);
const count = z.int().min(0);

/** The form of names in messages, metrics and addresses. */
const name = /^[a-z][a-z0-9_]*$/;
export const isName = (text: string): boolean => name.test(text);

const named = <Value extends z.ZodType>(value: Value) =>
  z
    .record(z.string().regex(name, 'must be lower-case letters, digits and _, starting with a letter'), value)
    .refine((record) => Object.keys(record).length > 0, 'must not be empty');

const variable = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of a variable, such as WEATHER_TOKEN');

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

export const budgetEntry = z.strictObject({
  label: field(text, 'Reads, day', 'Its name for people.'),
  limit: field(
    limits,
    '100 per 15m',
    'Calls per window. If tiers of the key differ: `{ standard: 1 per 60m, premium: 10 per 60m }`.',
  ),
  resets: field(
    z.enum(['sliding', 'aligned']).default('sliding'),
    'aligned',
    '`sliding`: the limit holds in any interval of that length; the safe choice if it is unknown. `aligned`: upstream counts from 0 at multiples of it in UTC, such as each quarter of an hour, or midnight.',
  ),
  paced: field(
    z.boolean().default(false),
    'true',
    'Whether lanes that are not forced may only use the share of an aligned window that has passed.',
  ),
  reserve: field(
    count.default(0),
    '50',
    'Calls of a window that only forced lanes can use. A window of one call has none.',
  ),
  rejectedCount: field(z.boolean().default(true), 'false', 'Whether a call that upstream rejects counts.'),
});

const call = z
  .string()
  .regex(
    /^(?:GET|HEAD|POST|PUT|PATCH|DELETE) (?:\/(?::\w+|[\w~-][\w.~-]*))+$/,
    'must be a method and a path such as GET /clubs/:id',
  );

export const endpointEntry = z.strictObject({
  label: field(
    text.optional(),
    'Reads',
    'Its name for people. Default: the label of its budget of the same name.',
  ),
  fetches: field(
    text.optional(),
    'club',
    'What a call fetches, before its target: "club 7". Default: the name.',
  ),
  source: field(
    text.optional(),
    'clubs',
    'The part of the API, if a key may have access to some parts only. Default: the name.',
  ),
  calls: field(
    z.array(call).min(1),
    '[GET /clubs/:id]',
    'Methods and paths below the base URL; `:id` stands for one segment. Other calls are refused.',
  ),
  budgets: field(
    z.array(z.string()).min(1).optional(),
    '[reads_15m, reads_day]',
    'The budgets in which each call counts. Default: the one of the same name.',
  ),
  batch: field(z.int().min(1).default(1), '1000', 'How many ids one call can request.'),
  timeout: field(duration.prefault('30s'), '2m', 'How long to wait for an answer.'),
  typical: field(duration.prefault('1s'), '5s', 'How long a call takes, until some were measured.'),
});

const lane = z.strictObject({
  label: field(text, 'person', 'Its name for people.'),
  color: field(z.enum(colors).default('grey'), 'amber', 'Its color in pictures.'),
  forced: field(
    z.boolean().default(false),
    'true',
    'Whether its calls can use reserves, and run ahead of a paced window.',
  ),
  headStart: field(
    duration.prefault('0s'),
    '15m',
    'How much earlier than its request time a request is placed in the queue.',
  ),
});

export const upstreamFile = z.strictObject({
  label: field(text, 'Weather', 'Its name for people.'),
  baseUrl: field(
    upstreamUrl,
    'https://api.weather.example/v2',
    'The address before every path. The variable `<NAME>_BASE_URL` replaces it.',
  ),
  auth: field(
    auth,
    '{ bearer: WEATHER_TOKEN }',
    'Where the key goes, and the variable that holds it. Other forms: `{ header: X-Api-Key, secret: WEATHER_TOKEN }` and `{ query: key, secret: WEATHER_TOKEN }`.',
  ),
  budgets: field(named(budgetEntry), '', 'The rate limits by name, each one window.'),
  endpoints: field(named(endpointEntry), '', 'The calls by name, with the budgets in which they count.'),
  lanes: field(
    named(lane).optional(),
    '',
    'The priorities of requests by name, most urgent first. Default: those of the syncs.',
  ),
  answers: field(
    dialectEntry.prefault({}),
    '',
    'How answers word limits, where that differs from the usual headers and fields.',
  ),
});
export type UpstreamFile = z.output<typeof upstreamFile>;
