import { Cron } from 'croner';
import { z } from 'zod';
import { duration } from './duration.ts';

/** When slots open: as a cron expression says by the clocks of a time zone, or at even distances. */
export type Opening = { readonly cron: string } | { readonly everyMs: number };

const minute = 60_000;
const longest = 7 * 86_400_000;
const wrong =
  'must be a cron expression of five fields that comes round, or an interval from "every 1m" to "every 7d"';

/** `0 *\/6 * * *` or `every 15m`; undefined when it is neither. */
export function parseOpening(text: string): Opening | undefined {
  const [first = '', ...rest] = text.trim().split(/\s+/);
  if (first !== 'every') return comesRound(text) ? { cron: text.trim() } : undefined;
  const everyMs = duration.safeParse(rest.join(' ')).data ?? 0;
  return everyMs >= minute && everyMs <= longest && Number.isInteger(everyMs) ? { everyMs } : undefined;
}

function comesRound(text: string): boolean {
  try {
    return text.trim().split(/\s+/).length === 5 && new Cron(text).nextRun() !== null;
  } catch {
    return false;
  }
}

/** A text that says when slots open. */
export const opening = z.string().refine((text) => parseOpening(text) !== undefined, wrong);
