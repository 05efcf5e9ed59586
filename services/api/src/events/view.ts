import { z } from '@hono/zod-openapi';
import { type ResultsState, resultsStates } from '@paceline/shared/contracts';
import { ageSeconds, isoOrNull, isoTimes, type RowOf, time } from '../http/view.ts';

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
  })
  .openapi('Result');
type ResultView = z.infer<typeof resultShape>;
export type ResultRow = Omit<
  RowOf<ResultView, 'removedAt' | 'firstSeenAt' | 'lastSeenAt'>,
  'finished' | 'removed'
>;

export const resultView = (row: ResultRow): ResultView => ({
  ...row,
  finished: row.gapSeconds !== null,
  removed: row.removedAt !== null,
  ...isoTimes(row, 'removedAt', 'firstSeenAt', 'lastSeenAt'),
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
    }),
    fetchedAt: time,
    ageSeconds: z.int().describe('Seconds since the event was last in the list'),
    signupsFetchedAt: time.nullable().describe('null: never'),
    signupsAgeSeconds: z.int().nullable(),
    results: resultsStatusShape,
  })
  .openapi('Event');
export type EventView = z.infer<typeof eventShape>;

export const eventDetailShape = z
  .object({ ...eventShape.shape, raw: z.unknown().describe('The unchanged response from upstream') })
  .openapi('EventDetail');

type PlainFields = 'eventId' | 'title' | 'type' | 'subType' | 'routeId' | 'distance';
export interface EventRow extends ResultsStatusRow, Readonly<Pick<EventView, PlainFields>> {
  readonly startsAt: number;
  readonly listedSignups: number;
  readonly fetchedAt: number;
  readonly signupsFetchedAt: number | null;
  readonly counts: { readonly current: number; readonly withdrawn: number };
}

export const eventView =
  (now: number) =>
  (row: EventRow): EventView => {
    const { eventId, title, type, subType, routeId, distance, counts, signupsFetchedAt } = row;
    const { current, withdrawn } = signupsFetchedAt === null ? { current: null, withdrawn: null } : counts;
    return {
      eventId,
      title,
      type,
      subType,
      routeId,
      distance,
      ...isoTimes(row, 'startsAt', 'fetchedAt', 'signupsFetchedAt'),
      signups: { listed: row.listedSignups, current, withdrawn },
      ageSeconds: ageSeconds(row.fetchedAt, now),
      signupsAgeSeconds: ageOrNull(signupsFetchedAt, now),
      results: resultsStatusView(row, now),
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
  })
  .openapi('Signup');
type SignupView = z.infer<typeof signupShape>;
export type SignupRow = Omit<
  RowOf<SignupView, 'withdrawnAt' | 'firstSeenAt' | 'lastSeenAt'>,
  'withdrawn' | 'ageSeconds'
>;

export const signupView =
  (now: number) =>
  (row: SignupRow): SignupView => ({
    ...row,
    withdrawn: row.withdrawnAt !== null,
    ...isoTimes(row, 'withdrawnAt', 'firstSeenAt', 'lastSeenAt'),
    ageSeconds: ageSeconds(row.lastSeenAt, now),
  });
