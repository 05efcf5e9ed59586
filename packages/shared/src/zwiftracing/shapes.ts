import { decodeHTMLStrict } from 'entities';
import { z } from 'zod';
import { UnexpectedShape } from './errors.ts';

/** A numeric id; also accepted as text. */
export const numericId = z
  .union([z.number(), z.string().regex(/^\d+$/, 'must be an id').transform(Number)])
  .pipe(z.int32().positive());

/** A text id. An id of dots only, such as `..`, would change the path that contains it. */
const textId = z.union([
  z.string().min(1).max(200).regex(/[^.]/, 'must be an id'),
  z.number().transform(String),
]);

/** A timestamp in seconds, parsed to ms since the epoch. */
export const secondsAsMs = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().positive().max(253_402_300_799))
  .transform((seconds) => Math.round(seconds * 1_000));

/** A number or numeric text; null for anything else. */
const optionalNumber = z
  .union([z.number(), z.string().trim().min(1).transform(Number).pipe(z.number())])
  .nullable()
  .catch(null);

/** As `optionalNumber`, for integers. */
const optionalInteger = optionalNumber.pipe(z.int32().nullable().catch(null));

/** Upstream escapes texts as HTML in some answers; decoded once, so `&amp;amp;` is parsed to `&amp;`. */
const text = z.string().transform((escaped) => decodeHTMLStrict(escaped));

/** A name or title, which upstream sends as null when it has none; parsed to an empty text. */
const name = text.nullable().transform((given) => given ?? '');

/** A text; null when missing or empty. */
export const optionalText = text
  .transform((given) => given || null)
  .nullable()
  .catch(null);

/** An object; null when missing or of another shape. */
export const optional = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).nullable().catch(null);

/** A rating; upstream sends 0 without a rated race, parsed to null. */
const rating = optionalNumber.transform((value) => (value !== null && value > 0 ? value : null));

/** An unreadable item of a list. */
export interface SkippedItem {
  readonly index: number;
  readonly id: string | null;
  readonly reason: string;
  /** The first 300 characters of its JSON. */
  readonly rawStart: string;
}

interface ReadItems<T> {
  readonly items: readonly T[];
  readonly skipped: readonly SkippedItem[];
}

/** A parsed item with its raw JSON. */
type ReadItem<Name extends string, T> = Readonly<Record<Name, T>> & { readonly raw: unknown };

/** Parses a value by its schema. @throws {UnexpectedShape} naming the invalid fields */
export function readAs<Schema extends z.ZodType>(schema: Schema, raw: unknown): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'response'}: ${message}`,
  );
  throw new UnexpectedShape(problems.join('; '));
}

const nothing = z.union([
  z.null(),
  z.strictObject({ data: z.null() }),
  z.strictObject({ message: z.string(), statusCode: z.unknown().optional() }),
  z.strictObject({ error: z.string() }),
]);

/** @throws {UnexpectedShape} for `null`, `{"data":null}` and `{"message":"Rider not found"}`, which hold no data */
export function requireContent(json: unknown, what: string): unknown {
  if (nothing.safeParse(json).success) throw new UnexpectedShape(`no ${what} in it`);
  return json;
}

/** Parses each item of a list; unreadable ones are returned as skipped. Of duplicate ids the last one wins. */
function readEach<T>(
  list: readonly unknown[],
  read: (raw: unknown) => T,
  idOf: (item: T, index: number) => string | number,
): ReadItems<T> {
  const items = new Map<string | number, T>();
  const skipped: SkippedItem[] = [];
  for (const [index, raw] of list.entries()) {
    try {
      const item = read(raw);
      items.set(idOf(item, index), item);
    } catch (error) {
      if (!(error instanceof UnexpectedShape)) throw error;
      const rawStart = (JSON.stringify(raw) ?? '').slice(0, 300);
      skipped.push({ index, id: idIn(raw), reason: error.message, rawStart });
    }
  }
  return { items: [...items.values()], skipped };
}

const anyId = z
  .union([z.object({ riderId: z.unknown() }), z.object({ eventId: z.unknown() })])
  .transform((item) => ('riderId' in item ? item.riderId : item.eventId))
  .pipe(z.union([z.string().min(1), z.number()]))
  .transform(String);

const idIn = (raw: unknown): string | null => anyId.safeParse(raw).data ?? null;

const list = z.array(z.unknown());

/** The rider ids of skipped items, without those that have no valid id. */
export const riderIdsOf = (skipped: readonly SkippedItem[]): number[] =>
  skipped.flatMap(({ id }) => numericId.safeParse(id).data ?? []);

const rated = optional({ rating });

const riderShape = z
  .object({
    riderId: numericId,
    name,
    gender: optionalText,
    country: optionalText,
    age: optionalText,
    height: optionalNumber,
    weight: optionalNumber,
    zpCategory: optionalText,
    zpFTP: optionalNumber,
    race: optional({ current: rated, max30: rated, max90: rated }),
    phenotype: optional({ value: optionalText }),
    club: optional({ id: numericId, name: optionalText }),
  })
  .transform(({ height, weight, zpFTP, race, phenotype, ...rider }) => ({
    ...rider,
    heightCm: height,
    weightKg: weight,
    zpFtp: zpFTP,
    rating: race?.current?.rating ?? null,
    ratingMax30: race?.max30?.rating ?? null,
    ratingMax90: race?.max90?.rating ?? null,
    phenotype: phenotype?.value ?? null,
  }));

/** A rider, the same from every endpoint. Fields are null where upstream has no value. */
export type UpstreamRider = z.output<typeof riderShape>;

export type RiderItem = ReadItem<'rider', UpstreamRider>;

export const readRider = (raw: unknown): RiderItem => ({ rider: readAs(riderShape, raw), raw });

export const readRiders = (json: unknown): ReadItems<RiderItem> =>
  readEach(readAs(list, json), readRider, ({ rider }) => rider.riderId);

/** Riders per page; a shorter page is the last one. */
export const fullPageSize = 1_000;

/** A page of riders in ascending order of id; `length` includes unreadable ones. */
export type ClubPage = ReturnType<typeof readClubPage>;

const clubShape = z.object({ clubId: numericId, name, riders: list });

export function readClubPage(json: unknown) {
  const { clubId, name, riders: raw } = readAs(clubShape, json);
  const { items: riders, skipped } = readRiders(raw);
  return { clubId, name, riders, skipped, length: raw.length };
}

/** `"20,29,36"`: one count per pen, parsed to their sum. */
const counts = z
  .string()
  .transform((text) => text.split(',').reduce((sum, count) => sum + (Number.parseInt(count, 10) || 0), 0))
  .pipe(z.int32())
  .catch(0);

const eventShape = z
  .object({
    eventId: textId,
    time: secondsAsMs,
    title: name,
    type: optionalText,
    subType: optionalText,
    routeId: textId.nullable().catch(null),
    distance: optionalNumber,
    signups: counts,
  })
  .transform(({ time, signups, ...event }) => ({ ...event, startsAt: time, listedSignups: signups }));

/** An event of the list. `startsAt` is project ms; `listedSignups` is the sum over all pens. */
export type UpcomingEvent = z.output<typeof eventShape>;

export type EventItem = ReadItem<'event', UpcomingEvent>;

export const readEvent = (raw: unknown): EventItem => ({ event: readAs(eventShape, raw), raw });

export const readEvents = (json: unknown): ReadItems<EventItem> =>
  readEach(readAs(list, json), readEvent, ({ event }) => event.eventId);

const signupShape = z
  .object({ riderId: numericId, name, race: optional({ rating }) })
  .transform(({ race, ...signup }) => ({ ...signup, rating: race?.rating ?? null }));

/** A signed-up rider and their pen. */
export type UpstreamSignup = z.output<typeof signupShape> & { readonly pen: string };

export type SignupItem = ReadItem<'signup', UpstreamSignup>;

const penShape = z.object({ name: textId.pipe(text), riders: list });

/** Parses the signups of all pens. An unreadable pen is one skipped item without an id. */
export function readSignups(json: unknown): ReadItems<SignupItem> {
  const pens = readEach(
    readAs(list, json),
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
    name,
    category: optionalText,
    time: optionalNumber,
    gap: optionalNumber,
    positionInCategory: optionalInteger,
    rating,
    ratingBefore: rating,
    ratingDelta: optionalNumber,
  })
  .transform(({ time, gap, category, positionInCategory, ...result }) => ({
    ...result,
    pen: category,
    // Riders who did not finish have a position too, after all finishers, but no gap.
    positionInPen: gap === null || (positionInCategory ?? 0) < 1 ? null : positionInCategory,
    seconds: time,
    gapSeconds: gap,
  }));

/** A rider's result. No gap: did not finish; no change of the rating: not rated yet. */
type UpstreamResult = z.output<typeof resultShape>;

export type ResultItem = ReadItem<'result', UpstreamResult>;

export type EventResults = ReturnType<typeof readResults>;

const resultsShape = z.object({ eventId: textId, title: optionalText, results: list });

export function readResults(json: unknown) {
  const { eventId, title, results: raws } = readAs(resultsShape, json);
  const { items: results, skipped } = readEach(
    raws,
    (raw): ResultItem => ({ result: readAs(resultShape, raw), raw }),
    ({ result }) => result.riderId,
  );
  return { eventId, title, results, skipped };
}
