import { z } from 'zod';
import { duration } from './duration.ts';

/** What becomes of slots that were over before anybody was there to open them. */
export type CatchUp =
  | { readonly catchUp: 'skip' | 'latest' }
  /** Every one that should have opened so long ago (project ms) or later. */
  | { readonly catchUp: 'all'; readonly upToMs: number };

/** `skip`, `latest` or `all 2h`; undefined when it is none of them. */
export function parseCatchUp(text: string): CatchUp | undefined {
  const [word, age = '', ...more] = text.trim().split(/\s+/);
  if (word === 'skip' || word === 'latest') return age === '' ? { catchUp: word } : undefined;
  const upToMs = duration.safeParse(age).data ?? 0;
  return word === 'all' && more.length === 0 && upToMs > 0 && upToMs <= longest
    ? { catchUp: 'all', upToMs }
    : undefined;
}

const longest = 86_400_000;

export const catchUp = z
  .string()
  .refine(
    (text) => parseCatchUp(text) !== undefined,
    'must be "skip", "latest" or "all" with an age up to 24h: "all 2h"',
  );
