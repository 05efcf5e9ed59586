import { type BudgetName, windowMarginMs } from '@paceline/shared/definition';
import type { Progress, FetchMode, WindowView } from '@paceline/shared/contracts';
import type { SyncUpstream } from '@paceline/shared/upstreams';

export const initialProgress: Progress = { state: 'waiting_in_line', position: 1, at: null };

export const hasNoEstimate = (progress: Progress): boolean =>
  progress.state === 'waiting_in_line' && progress.at === null;

/**
 * @param endpoints of the upstream
 * @param ahead for `single` the adds ahead in the queue, for `bulk` the riders of earlier imports
 */
export function estimatedProgress(
  endpoints: SyncUpstream['endpoints'],
  windows: readonly WindowView[] | undefined,
  mode: FetchMode,
  ahead: number,
  now: number,
): Progress {
  const find = (budget: BudgetName) => windows?.find(({ endpoint }) => endpoint === budget);
  const bulkCall = 1 + Math.floor(ahead / endpoints.riders_bulk.batch);
  const position = mode === 'single' ? ahead + 1 : bulkCall;
  const [single, bulk] = [find('riders_single'), find('riders_bulk')];
  if (!single || !bulk) return { state: 'waiting_in_line', position, at: null };
  const timeOf = (view: WindowView, k: number) =>
    timeOfCall(view, k, endpoints[view.endpoint as BudgetName].typicalMs, now);
  const bulkAt = timeOf(bulk, bulkCall);
  if (mode === 'bulk') return waitingState(bulk, position, bulkAt, 'bulk', now);
  const singleAt = timeOf(single, position);
  // rider-sync decides the same way: the call that returns first fetches the rider.
  return bulkAt + endpoints.riders_bulk.typicalMs < singleAt + endpoints.riders_single.typicalMs
    ? waitingState(bulk, bulkCall, bulkAt, 'bulk', now)
    : waitingState(single, position, singleAt, 'single', now);
}

/** When the k-th next call (1 = the next) can start, as calls leave the window one by one. */
function timeOfCall(view: WindowView, k: number, typicalMs: number, now: number): number {
  const { limit, windowMs } = view.policy;
  // A call counts from its response.
  const cycleMs = windowMs + windowMarginMs + typicalMs;
  const opensAt = Math.max(now, view.unknownUntil ?? 0, pauseEnd(view));
  // The window has room: what else is in it doesn't matter.
  if (opensAt === now && k <= view.available) return Math.ceil(now);
  const free = Array.from({ length: Math.min(view.available, limit) }, () => now);
  // An open call is expected to take the usual time, not the maximum.
  const leaving = view.permits.map(({ settled, leavesAt }) =>
    settled ? leavesAt : Math.min(leavesAt, now + cycleMs),
  );
  // The rest is held by granted permits that will start soon, or available only once the window opens.
  const others = Array.from({ length: Math.max(0, limit - free.length - leaving.length) }, () =>
    opensAt > now ? opensAt : now + cycleMs,
  );
  const times = [...free, ...leaving, ...others]
    .map((time) => Math.max(opensAt, time))
    .toSorted((one, other) => one - other)
    .slice(-limit);
  const next = view.freeAt === null ? (times[0] ?? now) : Math.max(now, pauseEnd(view), view.freeAt);
  if (k === 1) return Math.ceil(next);
  const [index, cycles] = [(k - 1) % limit, Math.floor((k - 1) / limit)];
  const first = index === 0 ? next : Math.min(Math.max(next, times[index] ?? now), next + cycleMs);
  return Math.ceil(Math.max(first + cycles * cycleMs, view.unknownUntil ?? 0));
}

const pauseEnd = ({ pausedUntil: { upstream, operator } }: WindowView): number =>
  Math.max(upstream ?? 0, operator ?? 0);

function waitingState(view: WindowView, position: number, at: number, via: FetchMode, now: number): Progress {
  if (pauseEnd(view) > now) {
    const { upstream, operator } = view.pausedUntil;
    const state = (operator ?? 0) > (upstream ?? 0) ? 'paused_by_operator' : 'paused_by_upstream';
    return { state, until: at, via };
  }
  if (position === 1 && at > now) return { state: 'waiting_for_window', until: at, via };
  return { state: 'waiting_in_line', position, at, via };
}
