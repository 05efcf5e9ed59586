import type { RunCounts } from '@paceline/shared/contracts';
import { doubtText, isCollapse, type Presence, presenceOf } from '@paceline/shared/sync/doubt';
import type { UpstreamErrorCode } from '@paceline/shared/zwiftracing';
import { z } from 'zod';

/** A pass over all pages of one club, which can take several runs. */
export const pass = z.object({
  clubId: z.number(),
  /** Rider id at which the next page starts; null for the first page. */
  from: z.number().nullable(),
  /** When its first page was requested, project ms; null before that. */
  startedAt: z.number().nullable(),
  /** False once a page had a rider without a readable id: then missing members can't be detected. */
  seesAll: z.boolean(),
  /** Stored members that the pages until now should have, and had; whether one page lacked most of its own. */
  known: z.number(),
  present: z.number(),
  hasCollapsed: z.boolean(),
});
export type Pass = z.infer<typeof pass>;

export const newPass = (clubId: number): Pass => ({
  clubId,
  from: null,
  startedAt: null,
  seesAll: true,
  known: 0,
  present: 0,
  hasCollapsed: false,
});

export interface PageSummary {
  /** Number of riders, unreadable ones included. */
  readonly length: number;
  /** All readable rider ids. */
  readonly ids: readonly number[];
  /** Project ms. */
  readonly requestedAt: number;
  /** Ids of the stored members. */
  readonly members: readonly number[];
}

/** Where a pass is after a page. `same page`: the page did not move the cursor. */
export type AfterPage =
  | { readonly next: 'next page' | 'end'; readonly pass: Pass & { readonly startedAt: number } }
  | { readonly next: 'same page' };

/**
 * Upstream's cursor is inclusive, so the next page starts one past the last id. A page that is not full is the last one;
 * a full page that doesn't move the cursor would be requested forever.
 */
export function afterPage(before: Pass, page: PageSummary, fullPage: number): AfterPage {
  const last = Math.max(...page.ids);
  const presence = presenceOn(before, page, page.length < fullPage ? Infinity : last);
  const after = {
    ...before,
    known: before.known + presence.known,
    present: before.present + presence.present,
    hasCollapsed: before.hasCollapsed || isCollapse(presence),
    startedAt: before.startedAt ?? page.requestedAt,
    seesAll: before.seesAll && page.ids.length === page.length,
  };
  if (page.length < fullPage) return { next: 'end', pass: after };
  if (last < (before.from ?? 0)) return { next: 'same page' };
  return { next: 'next page', pass: { ...after, from: last + 1 } };
}

/** The stored members whose place is on this page, so that a page that ends too early is noticed. */
function presenceOn({ from }: Pass, { ids, members }: PageSummary, until: number): Presence {
  return presenceOf(
    members.filter((id) => id >= (from ?? 0) && id <= until),
    ids,
  );
}

/** A run over the clubs, stored as its checkpoint. Counts are clubs, except `stored`. */
const clubRun = z.object({
  runId: z.string(),
  /** Clubs still to do, the current one first. */
  todo: z.array(pass),
  /** Failed for a transient reason: the next run continues with them. */
  later: z.array(pass),
  pages: z.number(),
  synced: z.number(),
  /** Riders. */
  stored: z.number(),
  failed: z.number(),
  error: z.string().nullable(),
  /** True when more calls would fail too: the rest is deferred to the next run. */
  stopped: z.boolean(),
});
export type ClubRun = z.infer<typeof clubRun>;

export const isReadable = (checkpoint: unknown): boolean =>
  checkpoint === null || clubRun.safeParse(checkpoint).success;

/** Resumes a run from its checkpoint. A new run starts with the clubs the previous one left, so that none is starved. */
export function startRun(runId: string, clubIds: readonly number[], checkpoint: unknown): ClubRun {
  const stored = clubRun.safeParse(checkpoint).data;
  if (stored?.runId === runId) return stored;
  const left = [...(stored?.todo ?? []), ...(stored?.later ?? [])].filter(({ clubId }) =>
    clubIds.includes(clubId),
  );
  const others = clubIds.filter((id) => !left.some(({ clubId }) => clubId === id));
  const todo = [...left, ...new Set(others)].map((each) => (typeof each === 'number' ? newPass(each) : each));
  return { runId, todo, later: [], pages: 0, synced: 0, stored: 0, failed: 0, error: null, stopped: false };
}

/**
 * The run after a page of its current club was stored.
 * @param riders number of riders on the page @param isDoubted the pages lack most members, and no rider was removed
 */
export function pageStored(before: ClubRun, after: AfterPage, riders: number, isDoubted = false): ClubRun {
  const [current, ...rest] = before.todo;
  if (!current) return before;
  const pages = before.pages + 1;
  const run = { ...before, stored: before.stored + riders };
  if (after.next === 'next page') return { ...run, pages, todo: [after.pass, ...rest] };
  if (after.next === 'end' && isDoubted) {
    const error = `club ${current.clubId}: ${doubtText(after.pass, 'members')}`;
    return { ...run, pages, todo: rest, failed: run.failed + 1, error };
  }
  if (after.next === 'end') return { ...run, pages, todo: rest, synced: run.synced + 1 };
  const error = `club ${current.clubId}: upstream returned the same page again`;
  return { ...run, pages, todo: rest, failed: run.failed + 1, error };
}

/** The run after riders outside the clubs were stored. */
export const outsidersStored = (run: ClubRun, riders: number): ClubRun => ({
  ...run,
  stored: run.stored + riders,
});

/** Errors of the club itself. After any other error the next run continues at the same page. */
const permanent: ReadonlySet<UpstreamErrorCode> = new Set(['not_found', 'rejected']);
const affectsAllClubs: ReadonlySet<UpstreamErrorCode> = new Set(['unauthorized', 'rate_limited']);

/** The run after the call for its current club has failed. */
export function callFailed(run: ClubRun, code: UpstreamErrorCode, message: string): ClubRun {
  const [current, ...rest] = run.todo;
  if (!current) return run;
  return {
    ...run,
    todo: rest,
    later: permanent.has(code) ? run.later : [...run.later, current],
    failed: run.failed + 1,
    error: `club ${current.clubId}: ${message}`,
    stopped: affectsAllClubs.has(code),
  };
}

export const countsOf = ({ todo, synced, failed, stored }: ClubRun): RunCounts => ({
  planned: todo.length + synced + failed,
  synced,
  failed,
  deferred: 0,
  stored,
});

/** The result of a run that ends now. Clubs still to do are deferred, never dropped. */
export function endRun(run: ClubRun) {
  const { todo, later, pages, failed, error } = run;
  const unfinished = todo.length + later.length > 0;
  return {
    state: failed > 0 && pages === 0 ? ('failed' as const) : ('done' as const),
    error,
    counts: { ...countsOf(run), deferred: todo.length },
    checkpoint: unfinished ? run : null,
  };
}

/** The result of a run that ends because the clubs source is unavailable. */
export const endUnavailable = (run: ClubRun, reason: string) => ({
  ...endRun({ ...run, error: reason }),
  state: run.pages > 0 ? ('done' as const) : ('failed' as const),
});
