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

/** When slots open: by a cron expression in a time zone, or at an interval. */
export type Opening = { readonly cron: string } | { readonly everyMs: number };

const minute = 60_000;
const longestInterval = 7 * 86_400_000;
const wrong =
  'must be a cron expression of five fields that comes round, or an interval from "every 1m" to "every 7d"';

/** `0 *\/6 * * *` or `every 15m`; undefined when it is neither. */
export function parseOpening(text: string): Opening | undefined {
  const [first = '', ...rest] = text.trim().split(/\s+/);
  if (first !== 'every') return comesRound(text) ? { cron: text.trim() } : undefined;
  const everyMs = duration.safeParse(rest.join(' ')).data ?? 0;
  return everyMs >= minute && everyMs <= longestInterval && Number.isInteger(everyMs)
    ? { everyMs }
    : undefined;
}

function comesRound(text: string): boolean {
  try {
    return text.trim().split(/\s+/).length === 5 && new Cron(text).nextRun() !== null;
  } catch {
    return false;
  }
}

export const opening = z.string().refine((text) => parseOpening(text) !== undefined, wrong);

/** Slots that are left out, by when they would open on the clocks of their time zone. */
export interface Skips {
  /** Minutes of the day: from the first, until before the second; past midnight when the second is the smaller one. */
  readonly times: ReadonlyArray<readonly [from: number, until: number]>;
  /** `mon` to `sun` */
  readonly weekdays: readonly string[];
  /** `2026-12-24` */
  readonly dates: readonly string[];
}

const weekdays: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const range = /^([01]\d|2[0-3]):([0-5]\d)(?:-([01]\d|2[0-3]):([0-5]\d))?$/;

const entriesOf = (text: string): string[] => commaSeparated(text.toLowerCase());

/** `06:00, 23:00-05:00, sat, 2026-12-24`; what can't be read leaves nothing out. */
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

/** A day that there is: February has no 30th. */
function isDate(entry: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(entry)) return false;
  const at = Date.parse(`${entry}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(entry);
}

const isEntry = (entry: string): boolean => range.test(entry) || weekdays.includes(entry) || isDate(entry);

/** Which slots are left out, as text; empty: none. */
export const skips = z.string().superRefine((text, context) => {
  const wrong = entriesOf(text).filter((entry) => !isEntry(entry));
  if (wrong.length === 0) return;
  const message = `must be a list of times (06:00), spans (23:00-05:00), weekdays (sat) and dates (2026-12-24); entry ${wrong
    .map((entry) => entriesOf(text).indexOf(entry) + 1)
    .join(', ')} is none`;
  context.addIssue({ code: 'custom', message });
});

const oldestCaughtUp = 86_400_000;

/** What becomes of slots that were missed while no scheduler ran. */
export type CatchUp =
  | { readonly catchUp: 'skip' | 'latest' }
  /** Every one that is not older than this, project ms. */
  | { readonly catchUp: 'all'; readonly upToMs: number };

/** `skip`, `latest` or `all 2h`; undefined when it is none of them. */
export function parseCatchUp(text: string): CatchUp | undefined {
  const [word, age = '', ...more] = text.trim().split(/\s+/);
  if (word === 'skip' || word === 'latest') return age === '' ? { catchUp: word } : undefined;
  const upToMs = duration.safeParse(age).data ?? 0;
  return word === 'all' && more.length === 0 && upToMs > 0 && upToMs <= oldestCaughtUp
    ? { catchUp: 'all', upToMs }
    : undefined;
}

export const catchUp = z
  .string()
  .refine(
    (text) => parseCatchUp(text) !== undefined,
    'must be "skip", "latest" or "all" with an age up to 24h: "all 2h"',
  );

/*
 * The variables of every kind of sync and of every freshness class, as the definition says: `SYNC_NEAR`, `SLOT_NEAR`,
 * `SLOT_NEAR_DURATION`, `SLOT_NEAR_SKIP`, `SLOT_NEAR_CATCH_UP`, …, `FRESHNESS_NEAR`.
 */

const schemas = {
  mode: (kind: KindDefinition) => z.enum(syncModes, 'must be off, observed or on').default(kind.mode),
  opens: (kind: KindDefinition) => opening.default(kind.opens),
  durationMs: (kind: KindDefinition) => slotDuration.default(durationMs(kind.duration)),
  skip: () => skips.default(''),
  catchUp: (kind: KindDefinition) => catchUp.default(kind.catchUp),
};
type Setting = keyof typeof schemas;

const nameOf = {
  mode: (kind: string) => `SYNC_${kind}`,
  opens: (kind: string) => `SLOT_${kind}`,
  durationMs: (kind: string) => `SLOT_${kind}_DURATION`,
  skip: (kind: string) => `SLOT_${kind}_SKIP`,
  catchUp: (kind: string) => `SLOT_${kind}_CATCH_UP`,
} as const satisfies Record<Setting, (kind: string) => string>;

type Upper = Uppercase<SyncKind>;
type SlotVariable<S extends z.ZodType> = { schema: S; about: string; example?: string };
type SlotVariables = { [K in Upper as `SYNC_${K}`]: SlotVariable<ReturnType<typeof schemas.mode>> } & {
  [K in Upper as `SLOT_${K}`]: SlotVariable<ReturnType<typeof schemas.opens>>;
} & { [K in Upper as `SLOT_${K}_DURATION`]: SlotVariable<ReturnType<typeof schemas.durationMs>> } & {
  [K in Upper as `SLOT_${K}_SKIP`]: SlotVariable<ReturnType<typeof schemas.skip>>;
} & { [K in Upper as `SLOT_${K}_CATCH_UP`]: SlotVariable<ReturnType<typeof schemas.catchUp>> };

function aboutOf(setting: Setting, kind: KindDefinition): string {
  const { label, about, why } = kind;
  const isFirst = kind === kinds[kindNames[0]];
  switch (setting) {
    case 'mode':
      return [`Sync of ${about}: on, observed (plans and counts, makes no calls) or off.`, why.mode]
        .filter(Boolean)
        .join(' ');
    case 'opens':
      return isFirst
        ? `When a slot for ${label} opens: a cron expression in the time zone, or an interval such as every 90m, counted from midnight UTC.`
        : `When a slot for ${label} opens.`;
    case 'durationMs':
      return [`How long a slot for ${label} stays open.`, why.duration].filter(Boolean).join(' ');
    case 'skip':
      return isFirst
        ? `Slots for ${label} that are left out, by when they would open: times, spans, weekdays and dates.`
        : `Slots for ${label} that are left out.`;
    case 'catchUp':
      return [
        isFirst
          ? `Slots for ${label} that were missed while no scheduler ran: skip, latest (the last one runs late) or all 2h (each up to that age).`
          : `Missed slots for ${label}.`,
        why.catchUp,
      ]
        .filter(Boolean)
        .join(' ');
  }
}

const examples = (setting: Setting, kind: KindDefinition): { example?: string } => {
  if (setting === 'durationMs') return { example: kind.duration };
  if (setting === 'skip' && kind === kinds[kindNames[0]])
    return { example: '06:00,23:00-05:00,sat,2026-12-24' };
  return {};
};

const settings = Object.keys(schemas) as Setting[];

export const slotVariables = Object.fromEntries(
  kindNames.flatMap((name) =>
    settings.map((setting) => [
      nameOf[setting](name.toUpperCase()),
      {
        schema: schemas[setting](kinds[name]),
        about: aboutOf(setting, kinds[name]),
        ...examples(setting, kinds[name]),
      },
    ]),
  ),
) as SlotVariables;

/** The variables that say when the slots are, and what is done in them. */
export const slotVariableNames = [
  'SLOT_TIME_ZONE',
  ...(Object.keys(slotVariables) as Array<keyof SlotVariables>),
] as const;

/** The slots of every kind, as the variables say. */
export function slotSettingsOf(config: {
  readonly [Name in keyof SlotVariables]: z.infer<SlotVariables[Name]['schema']>;
}) {
  const values = config as Readonly<Record<string, unknown>>;
  type Settings = { [S in Setting]: z.infer<ReturnType<(typeof schemas)[S]>> };
  return mapValues(
    kinds,
    (_, kind) =>
      Object.fromEntries(
        settings.map((setting) => [setting, values[nameOf[setting](kind.toUpperCase())]]),
      ) as Settings,
  );
}

type Goal = `FRESHNESS_${Uppercase<FreshnessClass>}`;
const goalOf = (name: FreshnessClass) => `FRESHNESS_${name.toUpperCase()}` as Goal;

export const goals = Object.fromEntries(
  classNames.map((name, index) => {
    const { goal, about } = freshnessClasses[name];
    const what = index === 0 ? 'How old our copy of the signups of an event may be' : 'How old it may be';
    return [
      goalOf(name),
      { schema: duration.default(durationMs(goal)), about: `${what} ${about}.`, example: goal },
    ];
  }),
) as Record<Goal, { schema: z.ZodDefault<typeof duration>; about: string; example: string }>;

/** The variables that say how fresh signups are kept. */
export const goalVariables = classNames.map(goalOf);

/** The freshness goal of every class, project ms. */
export const goalsOf = (config: Readonly<Record<Goal, number>>): Record<FreshnessClass, number> =>
  mapValues(freshnessClasses, (_, name) => config[goalOf(name)]);
