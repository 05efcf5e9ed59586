import { z } from 'zod';
import {
  escapedText,
  numericId,
  optionalInteger,
  optionalNumber,
  optionalText,
  rating,
  textId,
} from './fields.ts';
import { readAs, readEach, type Skipped } from './read.ts';

const finish = z
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
export type Result = z.output<typeof finish>;

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

const schema = z.object({ eventId: textId, title: optionalText, results: z.array(z.unknown()) });

export function readResults(json: unknown): EventResults {
  const { eventId, title, results: list } = readAs(schema, json);
  const { items: results, skipped } = readEach(
    list,
    (raw): ResultItem => ({ result: readAs(finish, raw), raw }),
    ({ result }) => result.riderId,
  );
  return { eventId, title, results, skipped };
}
