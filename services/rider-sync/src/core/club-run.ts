import type { RunCounts } from '@paceline/shared/contracts';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { z } from 'zod';

/** A pass over all pages of one club, which may take several runs. */
export const pass = z.object({
  clubId: z.number(),
  /** The rider id from which the next page is requested; null: the club's start. */
  from: z.number().nullable(),
  /** When its first page was requested, project ms; null: not yet. */
  startedAt: z.number().nullable(),
  /** False once a page held a rider without a readable id: then no member is known to be missing. */
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
  /** When it was requested, project ms. */
  readonly requestedAt: number;
}

/** Where a pass stands after a page: at the next one, at the end of the club, or where it was. */
export type AfterPage =
  | { readonly at: 'next page' | 'end'; readonly pass: Pass & { readonly startedAt: number } }
  | { readonly at: 'same page' };

/**
 * Upstream's cursor includes the rider that it names, so the next page is requested from one past the last. A page
 * that is not full ends the club; a full one that leads nowhere would be requested for ever.
 */
export function afterPage(before: Pass, page: PageSeen, fullPage: number): AfterPage {
  const last = Math.max(...page.ids);
  const after = {
    ...before,
    startedAt: before.startedAt ?? page.requestedAt,
    seesAll: before.seesAll && page.ids.length === page.length,
  };
  if (page.length < fullPage) return { at: 'end', pass: after };
  if (last < (before.from ?? 0)) return { at: 'same page' };
  return { at: 'next page', pass: { ...after, from: last + 1 } };
}

/** A run over the clubs, as its checkpoint keeps it. Its counts count clubs, and the riders that were stored. */
const clubRun = z.object({
  runId: z.string(),
  /** Still to do, the one in hand first. */
  todo: z.array(pass),
  /** Failed for a reason that may pass: the next run goes on with them. */
  later: z.array(pass),
  pages: z.number(),
  synced: z.number(),
  /** Riders. */
  stored: z.number(),
  failed: z.number(),
  error: z.string().nullable(),
  /** True once upstream takes no more calls: the rest waits for the next run. */
  stopped: z.boolean(),
});
export type ClubRun = z.infer<typeof clubRun>;

/** A run as its checkpoint left it; a new one first goes on with what the run before left, so that clubs take turns. */
export function beginRun(runId: string, clubIds: readonly number[], checkpoint: unknown): ClubRun {
  const stored = clubRun.safeParse(checkpoint).data;
  if (stored?.runId === runId) return stored;
  const left = [...(stored?.todo ?? []), ...(stored?.later ?? [])].filter(({ clubId }) =>
    clubIds.includes(clubId),
  );
  const others = clubIds.filter((id) => !left.some(({ clubId }) => clubId === id));
  const todo = [...left, ...new Set(others)].map((each) => (typeof each === 'number' ? newPass(each) : each));
  return { runId, todo, later: [], pages: 0, synced: 0, stored: 0, failed: 0, error: null, stopped: false };
}

/** The first club's page has been stored. @param riders on it */
export function pageStored(before: ClubRun, after: AfterPage, riders: number): ClubRun {
  const [current, ...rest] = before.todo;
  if (!current) return before;
  const pages = before.pages + 1;
  const run = { ...before, stored: before.stored + riders };
  if (after.at === 'next page') return { ...run, pages, todo: [after.pass, ...rest] };
  if (after.at === 'end') return { ...run, pages, todo: rest, synced: run.synced + 1 };
  const error = `club ${current.clubId}: upstream gave the same page again`;
  return { ...run, pages, todo: rest, failed: run.failed + 1, error };
}

/** Riders outside the clubs have been stored. */
export const othersStored = (run: ClubRun, riders: number): ClubRun => ({
  ...run,
  stored: run.stored + riders,
});

/** What is wrong with a club itself; everything else may pass, and its place in the club is kept. */
const lasting: ReadonlySet<UpstreamErrorCode> = new Set(['not_found', 'rejected']);
/** What is wrong with every club alike. */
const general: ReadonlySet<UpstreamErrorCode> = new Set(['unauthorized', 'rate_limited']);

/** The call for the first club's page has failed for good. */
export function callFailed(run: ClubRun, code: UpstreamErrorCode, message: string): ClubRun {
  const [current, ...rest] = run.todo;
  if (!current) return run;
  return {
    ...run,
    todo: rest,
    later: lasting.has(code) ? run.later : [...run.later, current],
    failed: run.failed + 1,
    error: `club ${current.clubId}: ${message}`,
    stopped: general.has(code),
  };
}

export const countsOf = ({ todo, synced, failed, stored }: ClubRun): RunCounts => ({
  planned: todo.length + synced + failed,
  synced,
  failed,
  deferred: 0,
  stored,
});

/** What the run comes to when it ends here: what is not done is deferred, never dropped. */
export function endRun(run: ClubRun) {
  const { todo, later, pages, failed, error } = run;
  const leftOver = todo.length + later.length > 0;
  return {
    state: failed > 0 && pages === 0 ? ('failed' as const) : ('done' as const),
    error,
    counts: { ...countsOf(run), deferred: todo.length },
    checkpoint: leftOver ? run : null,
  };
}

/** The end of a run when upstream does not give us clubs: nothing is lost, and the reason is kept. */
export const endUnavailable = (run: ClubRun, why: string) => ({
  ...endRun({ ...run, error: why }),
  state: run.pages > 0 ? ('done' as const) : ('failed' as const),
});
