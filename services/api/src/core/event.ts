import { z } from 'zod';
import { type ResultsRow, resultsStandingShape, resultsStandingView } from './results.ts';
import { ageSeconds, iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

/** An event with what is known of its signups. */
export const eventShape = z.object({
  eventId: z.string(),
  title: z.string(),
  startsAt: time,
  type: z.string().nullable(),
  subType: z.string().nullable(),
  routeId: z.string().nullable(),
  distance: z.number().nullable().describe('As upstream gives it: mostly metres'),
  signups: z.object({
    listed: z.int().describe("As upstream's list of events counts them"),
    current: z.int().nullable().describe('Of those fetched: still signed up'),
    withdrawn: z.int().nullable().describe('Of those fetched: no longer signed up'),
  }),
  fetchedAt: time,
  ageSeconds: z.int().describe('Seconds since the event was last seen in the list'),
  signupsFetchedAt: time.nullable().describe('null: never'),
  signupsAgeSeconds: z.int().nullable(),
  results: resultsStandingShape,
});
export type EventView = z.infer<typeof eventShape>;

export const eventDetailShape = eventShape.extend({
  raw: z.unknown().describe("Upstream's answer as it came"),
});
export type EventDetailView = z.infer<typeof eventDetailShape>;

/** The signups of one event: who is on the list, pen by pen, and who has left it. */
export const signupShape = z.object({
  riderId: z.int(),
  name: z.string(),
  pen: z.string(),
  rating: z.number().nullable(),
  withdrawn: z.boolean(),
  withdrawnAt: time.nullable().describe('When a fetch no longer held the rider'),
  firstSeenAt: time,
  lastSeenAt: time,
  ageSeconds: z.int().describe('Seconds since a fetch last held the rider'),
});
export type SignupView = z.infer<typeof signupShape>;

export interface SignupCounts {
  readonly current: number;
  readonly withdrawn: number;
}

export interface EventRow extends ResultsRow {
  readonly eventId: string;
  readonly title: string;
  readonly startsAt: number;
  readonly type: string | null;
  readonly subType: string | null;
  readonly routeId: string | null;
  readonly distance: number | null;
  readonly listedSignups: number;
  readonly fetchedAt: number;
  readonly signupsFetchedAt: number | null;
  readonly counts: SignupCounts;
}

export interface SignupRow {
  readonly riderId: number;
  readonly name: string;
  readonly pen: string;
  readonly rating: number | null;
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly withdrawnAt: number | null;
}

export function eventView(row: EventRow, now: number): EventView {
  const { eventId, title, type, subType, routeId, distance, startsAt } = row;
  const { listedSignups, counts, fetchedAt, signupsFetchedAt } = row;
  const never = signupsFetchedAt === null;
  return {
    eventId,
    title,
    type,
    subType,
    routeId,
    distance,
    startsAt: iso(startsAt),
    signups: {
      listed: listedSignups,
      current: never ? null : counts.current,
      withdrawn: never ? null : counts.withdrawn,
    },
    fetchedAt: iso(fetchedAt),
    ageSeconds: ageSeconds(fetchedAt, now),
    signupsFetchedAt: isoOrNull(signupsFetchedAt),
    signupsAgeSeconds: never ? null : ageSeconds(signupsFetchedAt, now),
    results: resultsStandingView(row, now),
  };
}

export const eventDetailView = (
  { raw, ...row }: EventRow & { raw: unknown },
  now: number,
): EventDetailView => ({
  ...eventView(row, now),
  raw,
});

export const signupView = (
  { firstSeenAt, lastSeenAt, withdrawnAt, ...signup }: SignupRow,
  now: number,
): SignupView => ({
  ...signup,
  withdrawn: withdrawnAt !== null,
  withdrawnAt: isoOrNull(withdrawnAt),
  firstSeenAt: iso(firstSeenAt),
  lastSeenAt: iso(lastSeenAt),
  ageSeconds: ageSeconds(lastSeenAt, now),
});
