import { inOrder, type Queue, type Schedule } from '@paceline/client';
import { kindNames } from '@paceline/shared/definition';

export interface WaitingLane {
  readonly lane: string;
  readonly count: number;
  /** Project ms. */
  readonly longestMs: number;
  /** When the first of them is expected, project ms. */
  readonly firstAt: number;
}

/** The waiting requests by lane, most urgent first. @param now project ms */
export function waitingByLane({ budgets }: Queue, now: number): WaitingLane[] {
  const requests = budgets.flatMap((budget) => budget.requests);
  return inOrder(requests.map(({ lane }) => lane)).flatMap((lane) => {
    const own = requests.filter((request) => request.lane === lane);
    if (own.length === 0) return [];
    return {
      lane,
      count: own.length,
      longestMs: Math.max(...own.map(({ requestedAt }) => now - Date.parse(requestedAt))),
      firstAt: Math.min(...own.map(({ estimatedAt }) => Date.parse(estimatedAt))),
    };
  });
}

/** The next slot of each kind, soonest first; kinds without one are last. @param now project ms */
export const nextSlots = ({ nextSlots: next, pausedUntil }: Schedule, now: number) =>
  kindNames
    .map((kind) => ({
      kind,
      opensAt: next[kind][0]?.opensAt,
      isPaused: Date.parse(pausedUntil[kind] ?? '') > now,
    }))
    .toSorted((one, other) => timeOf(one) - timeOf(other));

const timeOf = ({ opensAt }: { readonly opensAt: string | undefined }) =>
  opensAt === undefined ? Number.MAX_VALUE : Date.parse(opensAt);
