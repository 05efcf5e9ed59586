import { z } from '@hono/zod-openapi';
import { type ResultsState, resultsStates } from '@paceline/shared/contracts';
import { classNames } from '@paceline/shared/definition';
import { readClub } from '@paceline/shared/zwiftracing/profile';
import type { RiderClubs } from '../ours.ts';
import { freshnessOf, type RefreshPlan } from './freshness.ts';
import { ageSeconds, iso, isoOrNull, isoTimes, type RowOf, time } from '../http/view.ts';

export const resultsStatusShape = z.object({
  state: z
    .enum(resultsStates)
    .nullable()
    .describe('null: not requested yet. `unrated` is final for rides, which are never rated'),
  reason: z.string().nullable().describe('Explanation of the state, if there is one'),
  tries: z.int().describe('Number of fetch attempts'),
  triedAt: time.nullable().describe('Last fetch attempt, successful or not'),
  fetchedAt: time.nullable().describe('Last successful fetch; null: never'),
  ageSeconds: z.int().nullable(),
});

export interface ResultsStatusRow {
  readonly resultsState: ResultsState | null;
  readonly resultsReason: string | null;
  readonly resultsTries: number;
  readonly resultsTriedAt: number | null;
  readonly resultsFetchedAt: number | null;
}

const ageOrNull = (ms: number | null, now: number) => (ms === null ? null : ageSeconds(ms, now));

export const resultsStatusView = (
  row: ResultsStatusRow,
  now: number,
): z.infer<typeof resultsStatusShape> => ({
  state: row.resultsState,
  reason: row.resultsReason,
  tries: row.resultsTries,
  triedAt: isoOrNull(row.resultsTriedAt),
  fetchedAt: isoOrNull(row.resultsFetchedAt),
  ageSeconds: ageOrNull(row.resultsFetchedAt, now),
});

const clubShape = z.object({ clubId: z.int(), name: z.string().nullable() }).nullable();
const ours = z.boolean().describe('Whether the rider is a current member of one of our clubs');

export const resultShape = z
  .object({
    riderId: z.int(),
    name: z.string(),
    pen: z.string().nullable(),
    finished: z.boolean(),
    positionInPen: z
      .int()
      .nullable()
      .describe('Place among the finishers of the pen; null: did not finish, or unknown'),
    seconds: z.number().nullable().describe('Seconds from the start to the finish, or to giving up'),
    gapSeconds: z.number().nullable().describe('Gap to the first rider of the pen; null: did not finish'),
    rating: z.number().nullable().describe('While not rated, the rating before the race, or null'),
    ratingBefore: z.number().nullable(),
    ratingDelta: z.number().nullable().describe('null: not rated (yet)'),
    removed: z.boolean(),
    removedAt: time
      .nullable()
      .describe('When the rider was first missing from the results, e.g. disqualified'),
    firstSeenAt: time,
    lastSeenAt: time,
    ours,
    club: clubShape.describe(
      'Our club of the rider, else the club in the stored rider; null: none, or unknown',
    ),
  })
  .openapi('Result');
type ResultView = z.infer<typeof resultShape>;
const clubView = ({ ourClub, otherClub }: RiderClubs) => ({
  ours: ourClub !== null,
  club: ourClub ?? readClub(otherClub),
});

type ResultFields = Omit<
  RowOf<ResultView, 'removedAt' | 'firstSeenAt' | 'lastSeenAt'>,
  'finished' | 'removed' | 'ours' | 'club'
>;
export type ResultRow = ResultFields & RiderClubs;

export const resultView = ({ ourClub, otherClub, ...row }: ResultRow): ResultView => ({
  ...row,
  finished: row.gapSeconds !== null,
  removed: row.removedAt !== null,
  ...isoTimes(row, 'removedAt', 'firstSeenAt', 'lastSeenAt'),
  ...clubView({ ourClub, otherClub }),
});

export const riderResultShape = z
  .object({ eventId: z.string(), title: z.string(), startsAt: time, ...resultShape.shape })
  .openapi('RiderResult');
type EventOfResult = Readonly<{ eventId: string; title: string; startsAt: number }>;

export const riderResultView = ({
  eventId,
  title,
  startsAt,
  ...result
}: ResultRow & EventOfResult): z.infer<typeof riderResultShape> => ({
  eventId,
  title,
  startsAt: iso(startsAt),
  ...resultView(result),
});

export const eventShape = z
  .object({
    eventId: z.string(),
    title: z.string(),
    startsAt: time,
    type: z.string().nullable(),
    subType: z.string().nullable(),
    routeId: z.string().nullable(),
    distance: z.number().nullable().describe('From upstream, usually in metres'),
    signups: z.object({
      listed: z.int().describe("Count in upstream's event list"),
      current: z.int().nullable().describe('Fetched signups that are still current'),
      withdrawn: z.int().nullable().describe('Fetched signups that were withdrawn'),
      lastDay: z
        .object({ joined: z.int(), withdrawn: z.int() })
        .describe(
          'Riders first seen, and first missing, in the last 24 hours; those of the first fetch do not count',
        ),
    }),
    ours: z.int().describe('Our riders who are signed up: current members of our clubs'),
    fetchedAt: time,
    ageSeconds: z.int().describe('Seconds since the event was last in the list'),
    delistedAt: time
      .nullable()
      .describe('When it disappeared from the list before its start, for example because it was cancelled'),
    signupsFetchedAt: time.nullable().describe('null: never'),
    signupsAgeSeconds: z.int().nullable(),
    freshness: z
      .object({
        class: z
          .enum(classNames)
          .nullable()
          .describe('null: not fetched now, as it has started, is delisted or starts later'),
        goalSeconds: z.number().nullable().describe('Freshness goal: max age of the signups'),
        withinGoal: z.boolean().nullable(),
        nextRefreshAt: time
          .nullable()
          .describe(
            'When the next call is planned for it; without one the earliest refresh: when the next slot of its class opens or it is about to start, in the past if it is due; null: none, or the schedule is not known',
          ),
      })
      .describe('Freshness of the signups against their goal'),
    results: resultsStatusShape,
  })
  .openapi('Event');
export type EventView = z.infer<typeof eventShape>;

const penShape = z.object({
  pen: z.string(),
  current: z.int().describe('Riders signed up'),
  withdrawn: z.int(),
  ours: z.int().describe('Our riders among those signed up'),
  avgRating: z.number().nullable().describe('Average rating of those signed up; null: none is rated'),
});
export type PenRow = z.infer<typeof penShape>;

export const eventDetailShape = z
  .object({
    ...eventShape.shape,
    pens: z.array(penShape),
    raw: z.unknown().describe('The unchanged response from upstream'),
  })
  .openapi('EventDetail');

type PlainFields = 'eventId' | 'title' | 'type' | 'subType' | 'routeId' | 'distance';

/** Signups of an event. `ours`: of our riders who have not withdrawn. */
export interface SignupCounts {
  readonly current: number;
  readonly withdrawn: number;
  readonly ours: number;
  readonly joinedLately: number;
  readonly withdrawnLately: number;
}

export interface EventRow extends ResultsStatusRow, Readonly<Pick<EventView, PlainFields>> {
  readonly startsAt: number;
  readonly listedSignups: number;
  readonly fetchedAt: number;
  readonly delistedAt: number | null;
  readonly signupsFetchedAt: number | null;
}

export const eventView = (row: EventRow, counts: SignupCounts, plan: RefreshPlan): EventView => {
  const { eventId, title, type, subType, routeId, distance, signupsFetchedAt } = row;
  const { current, withdrawn } = signupsFetchedAt === null ? { current: null, withdrawn: null } : counts;
  const { class: name, goalMs, withinGoal, nextRefreshAt } = freshnessOf(row, plan);
  return {
    eventId,
    title,
    type,
    subType,
    routeId,
    distance,
    ...isoTimes(row, 'startsAt', 'fetchedAt', 'delistedAt', 'signupsFetchedAt'),
    signups: {
      listed: row.listedSignups,
      current,
      withdrawn,
      lastDay: { joined: counts.joinedLately, withdrawn: counts.withdrawnLately },
    },
    ours: counts.ours,
    ageSeconds: ageSeconds(row.fetchedAt, plan.now),
    signupsAgeSeconds: ageOrNull(signupsFetchedAt, plan.now),
    freshness: {
      class: name,
      goalSeconds: goalMs === null ? null : goalMs / 1_000,
      withinGoal,
      nextRefreshAt: isoOrNull(nextRefreshAt),
    },
    results: resultsStatusView(row, plan.now),
  };
};

export const signupShape = z
  .object({
    riderId: z.int(),
    name: z.string(),
    pen: z.string(),
    rating: z.number().nullable(),
    withdrawn: z.boolean(),
    withdrawnAt: time.nullable().describe('When the rider was first missing from the signups'),
    firstSeenAt: time,
    lastSeenAt: time,
    ageSeconds: z.int().describe('Seconds since the rider was last in the signups'),
    ours,
    club: clubShape.describe('Our club of the rider, else the club in the signup; null: none'),
  })
  .openapi('Signup');
type SignupView = z.infer<typeof signupShape>;
type SignupFields = Omit<
  RowOf<SignupView, 'withdrawnAt' | 'firstSeenAt' | 'lastSeenAt'>,
  'withdrawn' | 'ageSeconds' | 'ours' | 'club'
>;
export type SignupRow = SignupFields & RiderClubs;

export const signupView =
  (now: number) =>
  ({ ourClub, otherClub, ...row }: SignupRow): SignupView => ({
    ...row,
    withdrawn: row.withdrawnAt !== null,
    ...isoTimes(row, 'withdrawnAt', 'firstSeenAt', 'lastSeenAt'),
    ageSeconds: ageSeconds(row.lastSeenAt, now),
    ...clubView({ ourClub, otherClub }),
  });

const ownSignupShape = z.object({
  pen: z.string(),
  withdrawn: z.boolean(),
  withdrawnAt: time.nullable(),
  firstSeenAt: time,
});

export const riderEventShape = z
  .object({ ...eventShape.shape, signup: ownSignupShape.describe('The signup of the rider') })
  .openapi('RiderEvent');

/** A rider's own signup for an event. */
export interface OwnSignupRow {
  readonly pen: string;
  readonly withdrawnAt: number | null;
  readonly signedUpAt: number;
}

export const ownSignupView = (row: OwnSignupRow): z.infer<typeof ownSignupShape> => ({
  pen: row.pen,
  withdrawn: row.withdrawnAt !== null,
  withdrawnAt: isoOrNull(row.withdrawnAt),
  firstSeenAt: iso(row.signedUpAt),
});
