import { Cron } from 'croner';
import { z } from 'zod';
import { syncModes } from '../contracts/vocabulary.ts';
import {
  classNames,
  durationMs,
  type FreshnessClass,
  freshnessClasses,
  type KindDefinition,
  kindNames,
  kinds,
  mapValues,
  type SyncKind,
} from '../definition/index.ts';
import { commaSeparated, duration, slotDuration } from './values.ts';

/** When slots open: a cron expression in a time zone, or an interval. */
export type Opening = { readonly cron: string } | { readonly everyMs: number };

const minute = 60_000;
const maxIntervalMs = 7 * 86_400_000;
const openingFormat =
  'must be a cron expression of five fields with a next run, or an interval from "every 1m" to "every 7d"';

/** Parses `0 *\/6 * * *` or `every 15m`; undefined for anything else. */
export function parseOpening(text: string): Opening | undefined {
  const [first = '', ...rest] = text.trim().split(/\s+/);
  if (first !== 'every') return isRecurringCron(text) ? { cron: text.trim() } : undefined;
  const everyMs = duration.safeParse(rest.join(' ')).data ?? 0;
  return everyMs >= minute && everyMs <= maxIntervalMs && Number.isInteger(everyMs) ? { everyMs } : undefined;
}

function isRecurringCron(text: string): boolean {
  try {
    return text.trim().split(/\s+/).length === 5 && new Cron(text).nextRun() !== null;
  } catch {
    return false;
  }
}

export const opening = z.string().refine((text) => parseOpening(text) !== undefined, openingFormat);

/** Slots that don't open, matched by their opening time in the schedule's time zone. */
export interface Skips {
  /** Minutes of the day, end exclusive; a span whose end is smaller runs past midnight. */
  readonly times: ReadonlyArray<readonly [from: number, until: number]>;
  /** `mon` to `sun` */
  readonly weekdays: readonly string[];
  /** `2026-12-24` */
  readonly dates: readonly string[];
}

const weekdays: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const range = /^([01]\d|2[0-3]):([0-5]\d)(?:-([01]\d|2[0-3]):([0-5]\d))?$/;

const entriesOf = (text: string): string[] => commaSeparated(text.toLowerCase());

/** Parses `06:00, 23:00-05:00, sat, 2026-12-24`; entries of any other form are ignored. */
export function parseSkips(text: string): Skips {
  const entries = entriesOf(text);
  return {
    times: entries.flatMap((entry) => {
      const [, hour, minute, endHour, endMinute] = range.exec(entry) ?? [];
      if (hour === undefined) return [];
      const from = Number(hour) * 60 + Number(minute);
      return [[from, endHour === undefined ? from + 1 : Number(endHour) * 60 + Number(endMinute)] as const];
    }),
    weekdays: entries.filter((entry) => weekdays.includes(entry)),
    dates: entries.filter(isDate),
  };
}

/** Whether it is a date that exists: February has no 30th. */
function isDate(entry: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(entry)) return false;
  const at = Date.parse(`${entry}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(entry);
}

const isEntry = (entry: string): boolean => range.test(entry) || weekdays.includes(entry) || isDate(entry);

/** Slots to skip, as text; empty skips none. */
export const skips = z.string().superRefine((text, context) => {
  const invalid = entriesOf(text).filter((entry) => !isEntry(entry));
  if (invalid.length === 0) return;
  const message = `must be a list of times (06:00), spans (23:00-05:00), weekdays (sat) and dates (2026-12-24); invalid: entry ${invalid
    .map((entry) => entriesOf(text).indexOf(entry) + 1)
    .join(', ')}`;
  context.addIssue({ code: 'custom', message });
});

const maxCatchUpMs = 86_400_000;

/** What to do about slots that were missed because no scheduler ran, or no sync could start their run in time. */
export type CatchUp =
  | { readonly catchUp: 'skip' | 'latest' }
  /** Runs every slot up to this age, project ms. */
  | { readonly catchUp: 'all'; readonly upToMs: number };

/** Parses `skip`, `latest` or `all 2h`; undefined for anything else. */
export function parseCatchUp(text: string): CatchUp | undefined {
  const [word, age = '', ...more] = text.trim().split(/\s+/);
  if (word === 'skip' || word === 'latest') return age === '' ? { catchUp: word } : undefined;
  const upToMs = duration.safeParse(age).data ?? 0;
  return word === 'all' && more.length === 0 && upToMs > 0 && upToMs <= maxCatchUpMs
    ? { catchUp: 'all', upToMs }
    : undefined;
}

export const catchUp = z
  .string()
  .refine(
    (text) => parseCatchUp(text) !== undefined,
    'must be "skip", "latest", or "all" with an age of up to 24h such as "all 2h"',
  );

// The variables of every sync kind and freshness class, generated from the definition.

const isFirst = (kind: KindDefinition) => kind === kinds[kindNames[0]];
const sentences = (...parts: ReadonlyArray<string | undefined>) => parts.filter(Boolean).join(' ');

/** The variables of each kind; those of the first kind also explain the format. */
const slotFields = {
  mode: {
    name: (kind: string) => `SYNC_${kind}`,
    schema: ({ mode }: KindDefinition) => z.enum(syncModes, 'must be off, observed or on').default(mode),
    description: ({ covers, why }: KindDefinition) =>
      sentences(`Sync of ${covers}: on, observed (plans and counts, but makes no calls) or off.`, why.mode),
  },
  opens: {
    name: (kind: string) => `SLOT_${kind}`,
    schema: ({ opens }: KindDefinition) => opening.default(opens),
    description: (kind: KindDefinition) =>
      isFirst(kind)
        ? `When slots of the ${kind.label} open: a cron expression in the time zone, or an interval such as "every 90m", counted from midnight UTC.`
        : `When slots of the ${kind.label} open.`,
  },
  durationMs: {
    name: (kind: string) => `SLOT_${kind}_DURATION`,
    schema: (kind: KindDefinition) => slotDuration.default(durationMs(kind.duration)),
    description: ({ label, why }: KindDefinition) =>
      sentences(`Duration of slots of the ${label}.`, why.duration),
    example: ({ duration }: KindDefinition) => duration,
  },
  skip: {
    name: (kind: string) => `SLOT_${kind}_SKIP`,
    schema: () => skips.default(''),
    description: (kind: KindDefinition) =>
      isFirst(kind)
        ? `Slots of the ${kind.label} to skip, by opening time: times, spans, weekdays and dates.`
        : `Slots of the ${kind.label} to skip.`,
    example: (kind: KindDefinition) => (isFirst(kind) ? '06:00,23:00-05:00,sat,2026-12-24' : undefined),
  },
  catchUp: {
    name: (kind: string) => `SLOT_${kind}_CATCH_UP`,
    schema: (kind: KindDefinition) => catchUp.default(kind.catchUp),
    description: (kind: KindDefinition) =>
      sentences(
        isFirst(kind)
          ? `Slots of the ${kind.label} that were missed because no scheduler ran or no sync could start them, as while the database is down: skip, latest (run the last one late) or "all 2h" (run each one up to that age).`
          : `Missed slots of the ${kind.label}: skip, latest or "all 2h".`,
        kind.why.catchUp,
      ),
  },
};
type SlotFields = typeof slotFields;
type SlotField = keyof SlotFields;
const slotFieldNames = Object.keys(slotFields) as SlotField[];

type Upper = Uppercase<SyncKind>;
type SlotVariable<S extends SlotField> = {
  schema: ReturnType<SlotFields[S]['schema']>;
  description: string;
  example?: string;
};
type SlotVariables = { [K in Upper as `SYNC_${K}`]: SlotVariable<'mode'> } & {
  [K in Upper as `SLOT_${K}`]: SlotVariable<'opens'>;
} & { [K in Upper as `SLOT_${K}_DURATION`]: SlotVariable<'durationMs'> } & {
  [K in Upper as `SLOT_${K}_SKIP`]: SlotVariable<'skip'>;
} & { [K in Upper as `SLOT_${K}_CATCH_UP`]: SlotVariable<'catchUp'> };

export const slotVariables = Object.fromEntries(
  kindNames.flatMap((kind) =>
    Object.values(slotFields).map(({ name, schema, description, ...more }) => {
      const example = 'example' in more ? more.example(kinds[kind]) : undefined;
      const variable = {
        schema: schema(kinds[kind]),
        description: description(kinds[kind]),
        ...(example && { example }),
      };
      return [name(kind.toUpperCase()), variable];
    }),
  ),
) as SlotVariables;

/** The variables that define the schedule. */
export const slotVariableNames = [
  'SLOT_TIME_ZONE',
  ...(Object.keys(slotVariables) as Array<keyof SlotVariables>),
] as const;

/** The slot settings of every kind. */
export function slotSettingsOf(config: {
  readonly [Name in keyof SlotVariables]: z.infer<SlotVariables[Name]['schema']>;
}) {
  const values = config as Readonly<Record<string, unknown>>;
  type Values = { [S in SlotField]: z.infer<ReturnType<SlotFields[S]['schema']>> };
  return mapValues(
    kinds,
    (_, kind) =>
      Object.fromEntries(
        slotFieldNames.map((field) => [field, values[slotFields[field].name(kind.toUpperCase())]]),
      ) as Values,
  );
}

type Goal = `FRESHNESS_${Uppercase<FreshnessClass>}`;
const goalOf = (name: FreshnessClass) => `FRESHNESS_${name.toUpperCase()}` as Goal;

export const freshnessVariables = Object.fromEntries(
  classNames.map((name, index) => {
    const { goal, period } = freshnessClasses[name];
    const what = index === 0 ? 'Freshness goal: max age of our copy of signups' : 'Freshness goal: max age';
    return [
      goalOf(name),
      { schema: duration.default(durationMs(goal)), description: `${what} ${period}.`, example: goal },
    ];
  }),
) as Record<Goal, { schema: z.ZodDefault<typeof duration>; description: string; example: string }>;

/** The names of the `FRESHNESS_*` variables. */
export const freshnessVariableNames = classNames.map(goalOf);

/** The freshness goal of every class, project ms. */
export const freshnessGoalsOf = (config: Readonly<Record<Goal, number>>): Record<FreshnessClass, number> =>
  mapValues(freshnessClasses, (_, name) => config[goalOf(name)]);

const weight = z.coerce
  .number('must be a number from 0 to 1000')
  .min(0, 'must be a number from 0 to 1000')
  .max(1_000, 'must be a number from 0 to 1000');

/** What freshness is worth when calls are planned: see `Weights` in event-sync. */
export const weightVariables = {
  FRESHNESS_WEIGHT_URGENT: {
    schema: weight.default(9.5),
    description:
      'What a minute with fresh signups in the last 15 minutes before an event is worth, in minutes of the hour before.',
  },
  FRESHNESS_WEIGHT_START: {
    schema: weight.default(150),
    description:
      'What signups that are fresh when their event starts are worth in addition, in the same minutes.',
  },
  FRESHNESS_WEIGHT_OURS: {
    schema: weight.default(1.4),
    description: 'Factor for events with our riders.',
  },
  FRESHNESS_FAR_GAP: {
    schema: duration.default(durationMs('50m')),
    description: 'Longest time between two calls for events that start later, however much the others need.',
    example: '50m',
  },
} as const;

/** The variables of the rules by which calls for signups are planned. */
export const callPlanVariableNames = [
  ...freshnessVariableNames,
  ...(Object.keys(weightVariables) as Array<keyof typeof weightVariables>),
] as const;

/** The rules by which calls for signups are planned; durations in project ms. */
export const callPlanRulesOf = (
  config: Readonly<Record<(typeof callPlanVariableNames)[number], number>>,
) => ({
  goals: freshnessGoalsOf(config),
  weights: {
    urgent: config.FRESHNESS_WEIGHT_URGENT,
    start: config.FRESHNESS_WEIGHT_START,
    ours: config.FRESHNESS_WEIGHT_OURS,
  },
  farGapMs: config.FRESHNESS_FAR_GAP,
});
