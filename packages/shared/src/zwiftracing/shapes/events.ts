import { z } from 'zod';
import {
  escapedText,
  numericId,
  optional,
  optionalInteger,
  optionalNumber,
  optionalText,
  rating,
  readAs,
  readEach,
  type ReadItems,
  secondsAsMs,
  type Skipped,
  textId,
} from './fields.ts';

/** `"20,29,36"` is one count for each pen; `""` is none. */
const counts = z
  .string()
  .transform((text) => text.split(',').reduce((sum, count) => sum + (Number.parseInt(count, 10) || 0), 0))
  .pipe(z.int32())
  .catch(0);

const eventShape = z
  .object({
    eventId: textId,
    time: secondsAsMs,
    title: z.string(),
    type: optionalText,
    subType: optionalText,
    routeId: textId.nullable().catch(null),
    distance: optionalNumber,
    signups: counts,
  })
  .transform(({ time, signups, ...event }) => ({ ...event, startsAt: time, listedSignups: signups }));

/** An event as the list has it. `startsAt` is project ms; `listedSignups` counts all pens together. */
export type UpcomingEvent = z.output<typeof eventShape>;

export interface EventItem {
  readonly event: UpcomingEvent;
  /** Upstream's own words. */
  readonly raw: unknown;
}

export const readEvent = (raw: unknown): EventItem => ({ event: readAs(eventShape, raw), raw });

export const readEvents = (json: unknown): ReadItems<EventItem> =>
  readEach(readAs(z.array(z.unknown()), json), readEvent, ({ event }) => event.eventId);

const signupShape = z
  .object({ riderId: numericId, name: escapedText, race: optional({ rating }) })
  .transform(({ race, ...signup }) => ({ ...signup, rating: race?.rating ?? null }));

/** A rider who is signed up, and the pen. */
export type Signup = z.output<typeof signupShape> & { readonly pen: string };

export interface SignupItem {
  readonly signup: Signup;
  /** Upstream's own words. */
  readonly raw: unknown;
}

const penShape = z.object({ name: textId, riders: z.array(z.unknown()) });

/** Reads the signups of all pens. A pen that can't be read is one skipped item without an id. */
export function readSignups(json: unknown): ReadItems<SignupItem> {
  const pens = readEach(
    readAs(z.array(z.unknown()), json),
    (raw) => readAs(penShape, raw),
    (_, index) => index,
  );
  const read = pens.items.map(({ name: pen, riders }) =>
    readEach(
      riders,
      (raw): SignupItem => ({ signup: { ...readAs(signupShape, raw), pen }, raw }),
      ({ signup }) => signup.riderId,
    ),
  );
  const byRider = new Map(read.flatMap(({ items }) => items.map((item) => [item.signup.riderId, item])));
  return {
    items: [...byRider.values()],
    skipped: [...pens.skipped, ...read.flatMap(({ skipped }) => skipped)],
  };
}

const resultShape = z
  .object({
    riderId: numericId,
    name: escapedText,
    category: optionalText,
    time: optionalNumber,
    gap: optionalNumber,
    position: optionalInteger,
    positionInCategory: optionalInteger,
    rating,
    ratingBefore: rating,
    ratingDelta: optionalNumber,
  })
  .transform(({ time, gap, category, positionInCategory, ...result }) => ({
    ...result,
    pen: category,
    positionInPen: positionInCategory,
    seconds: time,
    gapSeconds: gap,
  }));

/** How one rider finished. Without a position: did not finish; without a rating: not rated yet. */
export type Result = z.output<typeof resultShape>;

export interface ResultItem {
  readonly result: Result;
  /** Upstream's own words. */
  readonly raw: unknown;
}

export interface EventResults {
  readonly eventId: string;
  readonly title: string | null;
  readonly results: readonly ResultItem[];
  readonly skipped: readonly Skipped[];
}

const resultsShape = z.object({ eventId: textId, title: optionalText, results: z.array(z.unknown()) });

export function readResults(json: unknown): EventResults {
  const { eventId, title, results: list } = readAs(resultsShape, json);
  const { items: results, skipped } = readEach(
    list,
    (raw): ResultItem => ({ result: readAs(resultShape, raw), raw }),
    ({ result }) => result.riderId,
  );
  return { eventId, title, results, skipped };
}
