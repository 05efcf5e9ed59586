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

// The variables of every kind of sync and of every freshness class, as the definition says.

const isFirst = (kind: KindDefinition) => kind === kinds[kindNames[0]];
const sentences = (...parts: ReadonlyArray<string | undefined>) => parts.filter(Boolean).join(' ');

/** What is set for each kind; the first kind's variables explain the format. */
const settings = {
  mode: {
    name: (kind: string) => `SYNC_${kind}`,
    schema: ({ mode }: KindDefinition) => z.enum(syncModes, 'must be off, observed or on').default(mode),
    about: ({ about, why }: KindDefinition) =>
      sentences(`Sync of ${about}: on, observed (plans and counts, makes no calls) or off.`, why.mode),
  },
  opens: {
    name: (kind: string) => `SLOT_${kind}`,
    schema: ({ opens }: KindDefinition) => opening.default(opens),
    about: (kind: KindDefinition) =>
      isFirst(kind)
        ? `When a slot for ${kind.label} opens: a cron expression in the time zone, or an interval such as every 90m, counted from midnight UTC.`
        : `When a slot for ${kind.label} opens.`,
  },
  durationMs: {
    name: (kind: string) => `SLOT_${kind}_DURATION`,
    schema: (kind: KindDefinition) => slotDuration.default(durationMs(kind.duration)),
    about: ({ label, why }: KindDefinition) =>
      sentences(`How long a slot for ${label} stays open.`, why.duration),
    example: ({ duration }: KindDefinition) => duration,
  },
  skip: {
    name: (kind: string) => `SLOT_${kind}_SKIP`,
    schema: () => skips.default(''),
    about: (kind: KindDefinition) =>
      isFirst(kind)
        ? `Slots for ${kind.label} that are left out, by when they would open: times, spans, weekdays and dates.`
        : `Slots for ${kind.label} that are left out.`,
    example: (kind: KindDefinition) => (isFirst(kind) ? '06:00,23:00-05:00,sat,2026-12-24' : undefined),
  },
  catchUp: {
    name: (kind: string) => `SLOT_${kind}_CATCH_UP`,
    schema: (kind: KindDefinition) => catchUp.default(kind.catchUp),
    about: (kind: KindDefinition) =>
      sentences(
        isFirst(kind)
          ? `Slots for ${kind.label} that were missed while no scheduler ran: skip, latest (the last one runs late) or all 2h (each up to that age).`
          : `Missed slots for ${kind.label}.`,
        kind.why.catchUp,
      ),
  },
};
type Settings = typeof settings;
type Setting = keyof Settings;
const settingNames = Object.keys(settings) as Setting[];

type Upper = Uppercase<SyncKind>;
type SlotVariable<S extends Setting> = {
  schema: ReturnType<Settings[S]['schema']>;
  about: string;
  example?: string;
};
type SlotVariables = { [K in Upper as `SYNC_${K}`]: SlotVariable<'mode'> } & {
  [K in Upper as `SLOT_${K}`]: SlotVariable<'opens'>;
} & { [K in Upper as `SLOT_${K}_DURATION`]: SlotVariable<'durationMs'> } & {
  [K in Upper as `SLOT_${K}_SKIP`]: SlotVariable<'skip'>;
} & { [K in Upper as `SLOT_${K}_CATCH_UP`]: SlotVariable<'catchUp'> };

export const slotVariables = Object.fromEntries(
  kindNames.flatMap((kind) =>
    Object.values(settings).map(({ name, schema, about, ...more }) => {
      const example = 'example' in more ? more.example(kinds[kind]) : undefined;
      const variable = {
        schema: schema(kinds[kind]),
        about: about(kinds[kind]),
        ...(example && { example }),
      };
      return [name(kind.toUpperCase()), variable];
    }),
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
  type Values = { [S in Setting]: z.infer<ReturnType<Settings[S]['schema']>> };
  return mapValues(
    kinds,
    (_, kind) =>
      Object.fromEntries(
        settingNames.map((setting) => [setting, values[settings[setting].name(kind.toUpperCase())]]),
      ) as Values,
  );
}

type Goal = `FRESHNESS_${Uppercase<FreshnessClass>}`;
const goalOf = (name: FreshnessClass) => `FRESHNESS_${name.toUpperCase()}` as Goal;

export const freshnessVariables = Object.fromEntries(
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
export const freshnessVariableNames = classNames.map(goalOf);

/** The freshness goal of every class, project ms. */
export const freshnessGoalsOf = (config: Readonly<Record<Goal, number>>): Record<FreshnessClass, number> =>
  mapValues(freshnessClasses, (_, name) => config[goalOf(name)]);
