import { type Budget, budgets, windowMarginMs } from '@paceline/shared/definition';
import type { Progress, FetchMode, WindowView } from '@paceline/shared/contracts';

export const justAccepted: Progress = { state: 'waiting_in_line', position: 1, at: null };

export const isUnknown = (progress: Progress): boolean =>
  progress.state === 'waiting_in_line' && progress.at === null;

/** @param ahead with `single` the adds before it, with `bulk` the riders of imports before it */
export function expectedProgress(
  windows: readonly WindowView[] | undefined,
  way: FetchMode,
  ahead: number,
  now: number,
): Progress {
  const find = (budget: Budget) => windows?.find(({ endpoint }) => endpoint === budget);
  const position = way === 'single' ? ahead + 1 : callOf(ahead);
  const [single, bulk] = [find('riders_single'), find('riders_bulk')];
  if (!single || !bulk) return { state: 'waiting_in_line', position, at: null };
  const byBulk = turn(bulk, callOf(ahead), now);
  if (way === 'bulk') return waits(bulk, position, byBulk, 'bulk', now);
  const bySingle = turn(single, position, now);
  // Whichever is answered first takes the rider, as rider-sync decides it.
  return byBulk + budgets.riders_bulk.typicalMs < bySingle + budgets.riders_single.typicalMs
    ? waits(bulk, callOf(ahead), byBulk, 'bulk', now)
    : waits(single, position, bySingle, 'single', now);
}

const callOf = (ridersAhead: number): number => 1 + Math.floor(ridersAhead / budgets.riders_bulk.batch);

/** When the k-th next call (1 = the next) may go, as places of the window become free, round by round. */
function turn(view: WindowView, k: number, now: number): number {
  const { limit, windowMs } = view.policy;
  // A window counts from the answer of its call.
  const round = windowMs + windowMarginMs + budgets[view.endpoint].typicalMs;
  const opensAt = Math.max(now, view.unknownUntil ?? 0, pauseEnd(view));
  const free = Array.from({ length: Math.min(view.available, limit) }, () => now);
  // An open call is taken to end as usual, and not at its latest.
  const leaving = view.permits.map(({ settled, leavesAt }) =>
    settled ? leavesAt : Math.min(leavesAt, now + round),
  );
  // The other places are granted to calls that are about to go, or can't be had before the window opens.
  const others = Array.from({ length: Math.max(0, limit - free.length - leaving.length) }, () =>
    opensAt > now ? opensAt : now + round,
  );
  const moments = [...free, ...leaving, ...others]
    .map((moment) => Math.max(opensAt, moment))
    .toSorted((one, other) => one - other)
    .slice(-limit);
  const next = view.freeAt === null ? (moments[0] ?? now) : Math.max(now, pauseEnd(view), view.freeAt);
  if (k === 1) return Math.ceil(next);
  const [place, rounds] = [(k - 1) % limit, Math.floor((k - 1) / limit)];
  const first = place === 0 ? next : Math.min(Math.max(next, moments[place] ?? now), next + round);
  return Math.ceil(Math.max(first + rounds * round, view.unknownUntil ?? 0));
}

const pauseEnd = ({ pausedUntil: { upstream, operator } }: WindowView): number =>
  Math.max(upstream ?? 0, operator ?? 0);

function waits(view: WindowView, position: number, at: number, via: FetchMode, now: number): Progress {
  if (pauseEnd(view) > now) {
    const { upstream, operator } = view.pausedUntil;
    const state = (operator ?? 0) > (upstream ?? 0) ? 'paused_by_operator' : 'paused_by_upstream';
    return { state, until: at, via };
  }
  if (position === 1 && at > now) return { state: 'waiting_for_window', until: at, via };
  return { state: 'waiting_in_line', position, at, via };
}
