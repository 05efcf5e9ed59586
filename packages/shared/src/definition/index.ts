import { budgets } from './budgets.ts';
import { freshnessClasses as classEntries, type FreshnessClassEntry } from './freshness.ts';
import { type KindEntry, kinds as kindEntries } from './kinds.ts';
import {
  addMaxWait as addMaxWaitText,
  type LaneEntry,
  lanes as laneEntries,
  slotHeadStart as slotHeadStartText,
} from './lanes.ts';
import { durationMs, mapValues } from './units.ts';

/*
 * The declarations of this folder, prepared for the rest of the code: names as types and ordered lists, durations in
 * project ms. Everything about budgets, lanes, sync kinds and freshness classes is derived from here.
 */

export type BudgetName = keyof typeof budgets;
export type Lane = keyof typeof laneEntries;
export type SyncKind = keyof typeof kindEntries;
export type FreshnessClass = keyof typeof classEntries;
export type SourceName = (typeof budgets)[BudgetName]['source'];
/** Tiers of an API key, which have limits of their own. */
export const tiers = ['standard', 'premium'] as const;
export type Tier = (typeof tiers)[number];
export type SyncService = (typeof kindEntries)[SyncKind]['service'];
export { type Color, colors } from './lanes.ts';
export { budgets } from './budgets.ts';
export { durationMs, mapValues, parseDuration, parseLimit } from './units.ts';

/** At most `limit` calls in any interval of `windowMs`, project ms. */
export interface Limit {
  readonly limit: number;
  readonly windowMs: number;
}

/** The keys of a record, typed so that `z.enum` takes them. */
const namesOf = <Name extends string>(record: Readonly<Record<Name, unknown>>) =>
  Object.keys(record) as [Name, ...Name[]];

export const budgetNames = namesOf<BudgetName>(budgets);
/** Most urgent first. */
export const laneNames = namesOf<Lane>(laneEntries);
export const kindNames = namesOf<SyncKind>(kindEntries);
/** Soonest first. */
export const classNames = namesOf<FreshnessClass>(classEntries);
export const sourceNames = [...new Set(budgetNames.map((name) => budgets[name].source))] as [
  SourceName,
  ...SourceName[],
];

export const lanes = mapValues(
  laneEntries,
  ({ headStart, sync, ...entry }: LaneEntry & { readonly sync?: SyncKind }) => ({
    ...entry,
    sync,
    headStartMs: durationMs(headStart),
  }),
);

/** Lanes of requests that cannot wait for a slot. */
export const forcedLanes: ReadonlySet<Lane> = new Set(laneNames.filter((name) => lanes[name].forced));
export const slotHeadStartMs = durationMs(slotHeadStartText);
/** Project ms. */
export const addMaxWaitMs = durationMs(addMaxWaitText);

/** A kind whose lane, budgets and class are typed as names of those entries. */
type NamedKindEntry = Omit<KindEntry, 'lane' | 'budget' | 'list' | 'goal'> & {
  readonly lane: Lane;
  readonly budget: BudgetName;
  readonly list?: BudgetName;
  readonly goal?: 'cycle' | { readonly class: FreshnessClass };
};
export const kinds = mapValues(kindEntries, ({ list, goal, why, ...entry }: NamedKindEntry) => ({
  atFirstStart: false,
  ...entry,
  list,
  goal,
  why: why ?? {},
}));
export type KindDefinition = (typeof kinds)[SyncKind];

/** An event is in the class from `fromMs` before its start until `untilMs` before it, exclusive. */
export const freshnessClasses = mapValues(
  classEntries,
  ({ from, ...entry }: FreshnessClassEntry & { readonly lane: Lane }, name) => {
    const sooner = classNames[classNames.indexOf(name) - 1];
    return {
      ...entry,
      fromMs: durationMs(from),
      untilMs: sooner === undefined ? 0 : durationMs(classEntries[sooner].from),
    };
  },
);

/** The kinds that fetch signups, each to meet the goal of one class. */
export type EventKind = {
  [Kind in SyncKind]: (typeof kindEntries)[Kind] extends { goal: { class: string } } ? Kind : never;
}[SyncKind];
const goalClasses = kindNames.flatMap((kind) => {
  const { goal } = kinds[kind];
  return typeof goal === 'object' ? [[kind as EventKind, goal.class] as const] : [];
});
/** The class whose goal each of them meets. */
export const classOfKind = Object.fromEntries(goalClasses) as Readonly<Record<EventKind, FreshnessClass>>;
/** Ordered by class, the kind for the soonest events first. */
export const eventKinds = goalClasses
  .toSorted(([, a], [, b]) => classNames.indexOf(a) - classNames.indexOf(b))
  .map(([kind]) => kind) as [EventKind, ...EventKind[]];

/** When an event belongs to a class, project ms; `until` is exclusive. */
export function classSpan(name: FreshnessClass, startsAt: number): { from: number; until: number } {
  const { fromMs, untilMs } = freshnessClasses[name];
  return { from: startsAt - fromMs, until: startsAt - untilMs };
}

/** Undefined for an event that has started or starts beyond the horizon. */
export const classOf = (startsAt: number, now: number): FreshnessClass | undefined =>
  classNames.find((name) => {
    const { from, until } = classSpan(name, startsAt);
    return now >= from && now < until;
  });

/** The kind that covers an event: the one for the soonest events whose class is entered. */
export const eventKindOf = (startsAt: number, now: number): EventKind | undefined =>
  now < startsAt
    ? eventKinds.find((kind) => now >= startsAt - freshnessClasses[classOfKind[kind]].fromMs)
    : undefined;

/** Maximum age of a copy of an event's signups, by freshness class; project ms. */
export type Goals = Readonly<Record<FreshnessClass, number>>;

/** Whether a copy (null: none) is within its event's goal now. Always true for an event without a class. */
export function isWithinGoal(copiedAt: number | null, startsAt: number, goals: Goals, now: number): boolean {
  const name = classOf(startsAt, now);
  return name === undefined || (copiedAt !== null && now - copiedAt < goals[name]);
}

/**
 * When the signups of an event are fetched next without waiting for a slot, unless it has started then; project ms: in its
 * last minutes, and again when that copy is older than the urgent goal.
 */
export function urgentFrom(copiedAt: number | null, startsAt: number, goals: Goals): number {
  const { from } = classSpan('urgent', startsAt);
  return copiedAt === null || copiedAt < from ? from : copiedAt + goals.urgent;
}

/** Events that start later than this are ignored, project ms. */
export const horizonMs = Math.max(...classNames.map((name) => freshnessClasses[name].fromMs));

/** Added to every window, project ms, as upstream's clock can differ from ours. */
export const windowMarginMs = 1_000;

/** The budgets that a sync kind uses: for its list, if any, then for each thing. */
export const budgetsOf = (kind: SyncKind): BudgetName[] =>
  [kinds[kind].list, kinds[kind].budget].filter((budget) => budget !== undefined);
