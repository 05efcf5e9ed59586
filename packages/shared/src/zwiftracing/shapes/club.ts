import { z } from 'zod';
import { numericId } from './fields.ts';
import { readAs, type Skipped } from './read.ts';
import { readRiders, type RiderItem } from './rider.ts';

/** A page holds at most so many riders; a shorter one is the last. */
export const fullPage = 1_000;

export interface ClubPage {
  readonly clubId: number;
  readonly name: string;
  /** Ascending by id, as upstream sends them. */
  readonly riders: readonly RiderItem[];
  readonly skipped: readonly Skipped[];
  /** How many riders the page held, those that could not be read among them. */
  readonly length: number;
}

const schema = z.object({ clubId: numericId, name: z.string(), riders: z.array(z.unknown()) });

export function readClubPage(json: unknown): ClubPage {
  const { clubId, name, riders: list } = readAs(schema, json);
  const { items: riders, skipped } = readRiders(list);
  return { clubId, name, riders, skipped, length: list.length };
}
