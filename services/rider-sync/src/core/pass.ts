import { z } from 'zod';

/** A pass over all pages of one club, which may take several runs. */
export const pass = z.object({
  clubId: z.number(),
  /** The rider id to ask the next page from; null: the club's start. */
  from: z.number().nullable(),
  /** Project ms at which its first page was asked for; null: not yet. */
  startedAt: z.number().nullable(),
  /** False once a page held a rider that could not even be told apart: then nobody is known to be missing. */
  seesAll: z.boolean(),
});
export type Pass = z.infer<typeof pass>;

export const newPass = (clubId: number): Pass => ({ clubId, from: null, startedAt: null, seesAll: true });

/** What a page held, as far as it matters for the next one. */
export interface PageSeen {
  /** How many riders, those that could not be read among them. */
  readonly length: number;
  /** The ids of all that have a readable one. */
  readonly ids: readonly number[];
  /** Project ms at which it was asked for. */
  readonly askedAt: number;
}

/** Where a pass stands after a page: at the next one, at the end of the club, or where it was. */
export type AfterPage =
  | { readonly at: 'next page' | 'end'; readonly pass: Pass & { readonly startedAt: number } }
  | { readonly at: 'same page' };

/**
 * Upstream's cursor includes the rider that it names, so the next page is asked for from one past the last. A page
 * that is not full ends the club; a full one that leads nowhere would be asked for for ever.
 */
export function afterPage(before: Pass, page: PageSeen, fullPage: number): AfterPage {
  const last = Math.max(...page.ids);
  const after = {
    ...before,
    startedAt: before.startedAt ?? page.askedAt,
    seesAll: before.seesAll && page.ids.length === page.length,
  };
  if (page.length < fullPage) return { at: 'end', pass: after };
  if (last < (before.from ?? 0)) return { at: 'same page' };
  return { at: 'next page', pass: { ...after, from: last + 1 } };
}
