import { usualCall } from '@paceline/shared/config';
import type { Budget, Progress, Way, WindowView } from '@paceline/shared/contracts';

/** What a new command is stored with, before anything is known of it. */
export const justAsked: Progress = { state: 'waiting_in_line', position: 1, at: null };

export const isUnknown = (progress: Progress): boolean =>
  progress.state === 'waiting_in_line' && progress.at === null;

/** Riders that one bulk call brings. */
const fullCall = 1_000;

/**
 * When a new command is expected to run, from the windows that its calls count against.
 * @param windows undefined: the limiter does not answer
 * @param ahead as `Stored.ahead`: for `single` the adds before it, for `bulk` the riders of imports before it
 */
export function expectedProgress(
  windows: readonly WindowView[] | undefined,
  way: Way,
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
  return byBulk + usualCall.riders_bulk < bySingle + usualCall.riders_single
    ? waits(bulk, callOf(ahead), byBulk, 'bulk', now)
    : waits(single, position, bySingle, 'single', now);
}

const callOf = (ridersAhead: number): number => 1 + Math.floor(ridersAhead / fullCall);

/**
 * When the k-th next call (1 = the next) may go: in the place that the oldest call leaves first, one window later for
 * each round through all places. A call that is still open is counted with its latest end.
 */
function turn(
  { endpoint, policy, permits, available, freeAt, pausedUntil }: WindowView,
  k: number,
  now: number,
): number {
  const { limit } = policy;
  // A window counts from the answer of its call.
  const round = policy.windowMs + usualCall[endpoint];
  const paused = Math.max(pausedUntil.upstream ?? 0, pausedUntil.operator ?? 0);
  const leaving = permits.map(({ leavesAt }) => leavesAt).toSorted((one, other) => one - other);
  const free = Array.from({ length: Math.min(available, limit) }, () => now);
  // Granted to a call that is about to go, or not to be had before the pause is over.
  const others = Array.from({ length: Math.max(0, limit - free.length - leaving.length) }, () =>
    paused > now ? paused : now + round,
  );
  const moments = [...free, ...leaving, ...others].slice(-limit);
  const first = moments[(k - 1) % limit] ?? now;
  return Math.ceil(Math.max(now, freeAt ?? now, first) + Math.floor((k - 1) / limit) * round);
}

function waits({ pausedUntil }: WindowView, position: number, at: number, via: Way, now: number): Progress {
  const { upstream, operator } = pausedUntil;
  const paused = Math.max(upstream ?? 0, operator ?? 0);
  if (paused > now) {
    const state = (operator ?? 0) > (upstream ?? 0) ? 'paused_by_operator' : 'paused_by_upstream';
    return { state, until: at, via };
  }
  if (position === 1 && at > now) return { state: 'waiting_for_window', until: at, via };
  return { state: 'waiting_in_line', position, at, via };
}
