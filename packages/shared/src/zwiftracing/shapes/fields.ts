import { decodeHTMLStrict } from 'entities';
import { z } from 'zod';
import { WrongShape } from '../errors.ts';

/** An id as upstream writes most of them; one that came as text is as good. */
export const numericId = z
  .union([z.number(), z.string().regex(/^\d+$/, 'must be an id').transform(Number)])
  .pipe(z.int32().positive());

/** An id that upstream writes as text. One of dots only would lead out of the path that it is put in. */
export const textId = z.union([
  z.string().min(1).max(200).regex(/[^.]/, 'must be an id'),
  z.number().transform(String),
]);

/** A moment in whole seconds, read as ms since the epoch. */
export const secondsAsMs = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().positive().max(253_402_300_799))
  .transform((seconds) => Math.round(seconds * 1_000));

/** A number that may be missing or be written as text; anything else is as good as missing. */
export const optionalNumber = z
  .union([z.number(), z.string().trim().min(1).transform(Number).pipe(z.number())])
  .nullable()
  .catch(null);

/** As `optionalNumber`, for what is counted. */
export const optionalInteger = optionalNumber.pipe(z.int32().nullable().catch(null));

/** A text that may be missing or empty. */
export const optionalText = z
  .string()
  .transform((text) => text || null)
  .nullable()
  .catch(null);

/** A text in which upstream escapes what is special in HTML. */
export const escapedText = z.string().transform((text) => decodeHTMLStrict(text));

/** An object that may be missing or null; one of another shape is as good as missing. */
export const optional = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).nullable().catch(null);

/** A rating; upstream writes 0 where there was no race to rate. */
export const rating = optionalNumber.transform((value) => (value !== null && value > 0 ? value : null));

/** An item of a list that could not be read; the others could. */
export interface Skipped {
  readonly index: number;
  /** Its id, where at least that could be read. */
  readonly id: string | null;
  readonly reason: string;
  /** The first 300 characters of its JSON. */
  readonly rawStart: string;
}

export interface ReadItems<Item> {
  readonly items: readonly Item[];
  readonly skipped: readonly Skipped[];
}

/** Reads one thing by its schema. @throws {WrongShape} naming the fields that are wrong */
export function readAs<Schema extends z.ZodType>(schema: Schema, raw: unknown): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'answer'}: ${message}`,
  );
  throw new WrongShape(problems.join('; '));
}

/** Reads item by item and reports unreadable ones as skipped; the last one of an id counts. */
export function readEach<Item>(
  list: readonly unknown[],
  read: (raw: unknown) => Item,
  idOf: (item: Item, index: number) => string | number,
): ReadItems<Item> {
  const items = new Map<string | number, Item>();
  const skipped: Skipped[] = [];
  for (const [index, raw] of list.entries()) {
    try {
      const item = read(raw);
      items.set(idOf(item, index), item);
    } catch (error) {
      if (!(error instanceof WrongShape)) throw error;
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

/** The riders among skipped items that can be told apart; fewer than there are items when some can't. */
export const riderIdsOf = (skipped: readonly Skipped[]): number[] =>
  skipped.flatMap(({ id }) => numericId.safeParse(id).data ?? []);
