import { type ResultsState, resultsStates } from '@paceline/shared/contracts';
import { z } from 'zod';
import { ageSeconds, iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

/** How far the results of an event are. */
export const resultsStandingShape = z.object({
  state: z
    .enum(resultsStates)
    .nullable()
    .describe('null: nobody has asked for them. `unrated` is the last state of a ride, which nobody rates'),
  reason: z.string().nullable().describe('Why they are as they are, where that needs a word'),
  tries: z.int().describe('How often they were asked for'),
  triedAt: time.nullable().describe('When they were last asked for, whatever came of it'),
  fetchedAt: time.nullable().describe('When they were last answered; null: never'),
  ageSeconds: z.int().nullable(),
});
type ResultsStandingView = z.infer<typeof resultsStandingShape>;

/** How one rider ended an event. */
export const resultShape = z.object({
  riderId: z.int(),
  name: z.string(),
  pen: z.string().nullable(),
  position: z.int().nullable().describe('null: did not finish'),
  positionInPen: z.int().nullable(),
  seconds: z.number().nullable().describe('From the start'),
  gapSeconds: z.number().nullable().describe('To the first of the pen'),
  rating: z.number().nullable().describe('null: not rated (yet)'),
  ratingBefore: z.number().nullable(),
  ratingDelta: z.number().nullable(),
  removed: z.boolean(),
  removedAt: time.nullable().describe('When an answer no longer held the rider: disqualified, for one'),
  firstSeenAt: time,
  lastSeenAt: time,
});
type ResultView = z.infer<typeof resultShape>;

/** What an event's row says of its results. */
export interface ResultsRow {
  readonly resultsState: ResultsState | null;
  readonly resultsReason: string | null;
  readonly resultsTries: number;
  readonly resultsTriedAt: number | null;
  readonly resultsFetchedAt: number | null;
}

export interface ResultRow extends Omit<ResultView, 'removed' | 'removedAt' | 'firstSeenAt' | 'lastSeenAt'> {
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly removedAt: number | null;
}

export const resultsStandingView = (row: ResultsRow, now: number): ResultsStandingView => ({
  state: row.resultsState,
  reason: row.resultsReason,
  tries: row.resultsTries,
  triedAt: isoOrNull(row.resultsTriedAt),
  fetchedAt: isoOrNull(row.resultsFetchedAt),
  ageSeconds: row.resultsFetchedAt === null ? null : ageSeconds(row.resultsFetchedAt, now),
});

export const resultView = ({ firstSeenAt, lastSeenAt, removedAt, ...result }: ResultRow): ResultView => ({
  ...result,
  removed: removedAt !== null,
  removedAt: isoOrNull(removedAt),
  firstSeenAt: iso(firstSeenAt),
  lastSeenAt: iso(lastSeenAt),
});
