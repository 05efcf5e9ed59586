import { type Budget, type Policy, type SyncKind, syncKinds } from '@paceline/shared/contracts';
import type { Schedule } from './slots.ts';

const minute = 60_000;
const hour = 60 * minute;

/** How often everything that a kind of sync looks at is to be refreshed at the least. */
export interface Promised {
  readonly kind: SyncKind;
  /** Project ms; `cycle`: the longest time from the opening of one slot of the kind to that of the next. */
  readonly within: number | 'cycle';
}

/** A schedule with what is asked of it, and what upstream allows. */
export interface Plan {
  /** At most one for each kind. */
  readonly schedules: readonly Schedule[];
  readonly policies: Readonly<Record<Budget, Policy>>;
  /** So many clubs (of one page each), near events and far events there are on a busy day. */
  readonly things: Readonly<Record<SyncKind, number>>;
  /** Events that start in a day: each gets a call in its last minutes, in or out of a slot, before all others. */
  readonly eventsADay: number;
  readonly promises: readonly Promised[];
}

/** Events that start within the hour, in the evening when most do. */
export const eveningEvents = 37;
/** Events that start within 48 hours. */
export const upcomingEvents = 310;
/** Events that end within half an hour, in the evening. */
export const endedEvents = 19;

/** What the schedule that is shipped keeps with one club. */
export const shippedPromises: readonly Promised[] = [
  { kind: 'rider', within: 'cycle' },
  { kind: 'near', within: hour },
  { kind: 'far', within: 24 * hour },
];

/** The first design's figures: what it wanted, and the slots that were to bring it. */
export const designed = {
  schedules: (timeZone: string): Schedule[] => [
    { kind: 'rider', opens: '0 */6 * * *', durationMs: 10 * minute, timeZone },
    { kind: 'near', opens: '10,25,40,55 * * * *', durationMs: 12 * minute, timeZone },
    { kind: 'far', opens: '30 */2 * * *', durationMs: 25 * minute, timeZone },
  ],
  promises: [
    { kind: 'rider', within: 'cycle' },
    { kind: 'near', within: 'cycle' },
    { kind: 'far', within: 'cycle' },
  ] satisfies Promised[],
};

/** The kinds that have slots. */
export const kindsOf = ({ schedules }: Pick<Plan, 'schedules'>): SyncKind[] =>
  syncKinds.filter((each) => schedules.some(({ kind }) => kind === each));

/** What each kind refreshes, one call each. */
export const thingOf: Readonly<Record<SyncKind, string>> = {
  rider: 'club',
  near: 'near event',
  far: 'far event',
  results: 'ended event',
};

/** The budget that a call for each thing is made of. */
export const budgetOf: Readonly<Record<SyncKind, Budget>> = {
  rider: 'clubs',
  near: 'signups',
  far: 'signups',
  results: 'results',
};

/** The budget of the list that a run begins with. */
export const listBudgetOf: Readonly<Partial<Record<SyncKind, Budget>>> = { near: 'events', far: 'events' };

/** The budgets that two kinds both call. */
export function sharedBudgets(one: SyncKind, other: SyncKind): Budget[] {
  const theirs = budgetsOf(other);
  return budgetsOf(one).filter((budget) => theirs.includes(budget));
}

const budgetsOf = (kind: SyncKind): Budget[] =>
  [listBudgetOf[kind], budgetOf[kind]].filter((budget) => budget !== undefined);
