import { kindNames, kinds, mapValues } from '@paceline/shared/definition';
import { z } from '@hono/zod-openapi';
import { catchUp, duration, opening, skips, slotDuration, timeZone } from '@paceline/shared/config';
import { type CheckSchedule, type ScheduleChange, syncModes } from '@paceline/shared/contracts';

const text = (example: string) => ({ type: 'string' as const, example });
const withExample = <S extends z.ZodType>(schema: S, example: string): S =>
  schema.clone().openapi(text(example));

const slots = z
  .strictObject({
    mode: z.enum(syncModes, `must be one of ${syncModes.join(', ')}`),
    opens: withExample(opening, 'every 15m'),
    duration: withExample(slotDuration, '10m'),
    skip: withExample(skips, '23:00-05:00,sat'),
    catchUp: withExample(catchUp, 'latest'),
  })
  .partial();

const change = {
  timeZone: withExample(timeZone, 'Europe/Stockholm').optional(),
  kinds: z
    .strictObject(mapValues(kinds, () => slots))
    .partial()
    .optional(),
};

export const changeBody = z
  .strictObject({
    ...change,
    despiteErrors: z
      .boolean()
      .default(false)
      .openapi({ description: 'Apply it even if the checks find errors', default: false }),
  })
  .openapi({
    example: { kinds: { near: { mode: 'observed' }, results: { mode: 'on' } }, despiteErrors: false },
  });

/** Max events per kind for a check. Hundreds are realistic; more take longer to check. */
export const maxEvents = 10_000;

const count = z
  .int('must be a whole number')
  .min(0, 'must be at least 0')
  .max(maxEvents, `must be at most ${maxEvents}`);
const within = z
  .union([z.literal('cycle'), duration.refine((ms) => ms > 0)], 'must be "cycle" or a duration such as "60m"')
  .openapi(text('60m'));
const goals = z.partialRecord(z.enum(kindNames), within);

export const lintBody = z
  .strictObject({
    ...change,
    near: count.optional().openapi({ description: 'Events that start within an hour, on a busy evening' }),
    far: count.optional().openapi({ description: 'Events that start within 48 h' }),
    goals: goals
      .optional()
      .openapi({ description: 'Max time between refreshes of each club or event, by kind' }),
  })
  .openapi({
    example: { kinds: { far: { opens: '0 */2 * * *', duration: '25m' } }, goals: { near: '60m' } },
  });

export const goalsQuery = z
  .string()
  .transform((named, context) => {
    const pairs = named.split(',').map((pair) => pair.split('=', 2));
    const parsed = goals.safeParse(Object.fromEntries(pairs));
    if (parsed.success) return parsed.data;
    context.addIssue({ code: 'custom', message: 'must look like near=60m,far=cycle' });
    return z.NEVER;
  })
  .optional()
  .openapi({ type: 'string', example: 'near=60m,far=cycle' });

export const changeOf = ({
  timeZone: zone,
  kinds: changed = {},
}: z.infer<z.ZodObject<typeof change>>): ScheduleChange => ({
  timeZone: zone,
  kinds: Object.fromEntries(
    Object.entries(changed).map(([each, { duration: durationMs, ...rest } = {}]) => [
      each,
      { ...rest, durationMs },
    ]),
  ),
});

export const checkRequestOf = ({
  near,
  far,
  goals: goal = {},
  ...rest
}: z.infer<typeof lintBody>): CheckSchedule => ({
  change: changeOf(rest),
  things: { near, far },
  goals: kindNames.flatMap((kind) => {
    const each = goal[kind];
    return each === undefined ? [] : [{ kind, within: each }];
  }),
});
