import { z } from 'zod';
import { WrongShape } from '../errors.ts';
import { numericId } from './fields.ts';

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

/**
 * Reads the items of a list one by one: one that can't be read is skipped and told of. Items are known by their id;
 * of several with the same one the last counts.
 */
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
