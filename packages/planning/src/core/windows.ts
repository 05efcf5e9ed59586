import { type BudgetName, mapValues, type Tier, windowMarginMs } from '@paceline/shared/definition';
import type { BudgetDefinition, SyncUpstream, Upstream } from '@paceline/shared/upstreams';
import { aheadOfPace } from '@paceline/shared/upstreams/pace';

/** A budget as a plan sees it: one window of an upstream. */
export interface PlannedWindow extends Pick<BudgetDefinition, 'label' | 'resets' | 'paced' | 'reserve'> {
  readonly budget: string;
  readonly limit: number;
  /** Project ms. */
  readonly windowMs: number;
}

/** The windows in which the calls of each endpoint count. */
export type EndpointWindows = Readonly<Record<BudgetName, readonly PlannedWindow[]>>;

export const windowsOf = (upstream: SyncUpstream, tier: Tier): EndpointWindows =>
  mapValues(upstream.endpoints, ({ budgets }) => plannedWindows(upstream, budgets, tier));

/** @param names of budgets */
export const plannedWindows = (
  { budgets }: Pick<Upstream, 'budgets'>,
  names: readonly string[],
  tier: Tier,
): PlannedWindow[] =>
  names.flatMap((budget) => {
    const definition = budgets[budget];
    if (!definition) return [];
    const { label, limits, resets, paced, reserve } = definition;
    return [{ budget, label, ...limits[tier], resets, paced, reserve }];
  });

/** The calls of a window that lanes without forcing can use. */
export const usableLimit = ({ limit, reserve }: Pick<PlannedWindow, 'limit' | 'reserve'>): number =>
  Math.max(1, limit - reserve);

/** How long this many calls take at the rate of the slowest window, project ms. */
export const timeFor = (calls: number, windows: readonly PlannedWindow[]): number =>
  Math.max(...windows.map((window) => (calls * window.windowMs) / usableLimit(window)));

/** The calls that a window holds. They are booked in order of time. */
export interface WindowFilling {
  /** The earliest time from `now` on at which a call can start, project ms. */
  freeFrom(now: number): number;
  /** @param endsAt when the response is there, project ms */
  book(at: number, endsAt: number): void;
}

export const emptyWindow = (window: PlannedWindow): WindowFilling =>
  window.resets === 'sliding' ? sliding(window) : aligned(window);

function sliding(window: PlannedWindow): WindowFilling {
  /** When each place becomes free, earliest first. */
  const freeAt = Array<number>(usableLimit(window)).fill(-Infinity);
  return {
    freeFrom: (now) => Math.max(now, freeAt[0] ?? now),
    book(_, endsAt) {
      freeAt.shift();
      freeAt.push(endsAt + windowMarginMs + window.windowMs);
    },
  };
}

function aligned(window: PlannedWindow): WindowFilling {
  const { windowMs, paced } = window;
  const limit = usableLimit(window);
  const ahead = aheadOfPace(limit);
  let start = -Infinity;
  let count = 0;
  const countAt = (time: number) => (time < start + windowMs ? count : 0);
  return {
    freeFrom(now) {
      const taken = countAt(now);
      const from = Math.floor(now / windowMs) * windowMs;
      if (taken >= limit) return from + windowMs;
      const share = paced ? Math.max(0, taken + 1 - ahead) / limit : 0;
      return Math.max(now, Math.ceil(from + share * windowMs));
    },
    book(at) {
      count = countAt(at) + 1;
      start = Math.floor(at / windowMs) * windowMs;
    },
  };
}
