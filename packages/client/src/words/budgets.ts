import { lanes } from '@paceline/shared/definition';
import type { Budget, Command } from '../generated.ts';
import { clockTime, countdown, duration } from './time.ts';

/** What keeps a budget closed, and until when (project ms), the longest first. */
export function closures({ pausedUntil, unknownUntil }: Budget, now: number) {
  return (
    [
      ['upstream', pausedUntil.upstream],
      ['operator', pausedUntil.operator],
      ['unknown', unknownUntil],
    ] as const
  )
    .flatMap(([by, until]) => (until === null ? [] : [{ by, until: Date.parse(until) }]))
    .filter(({ until }) => until > now)
    .toSorted((one, other) => other.until - one.until);
}

export interface Availability {
  /** `free`: a call may start now; `full`: one is free later; `closed`: nobody may call. */
  readonly state: 'free' | 'full' | 'closed';
  readonly text: string;
  readonly why?: string;
}

const reasons = {
  upstream: 'upstream asked for it (429)',
  operator: 'an operator did it',
  unknown: 'calls that are not remembered may count',
};

/** Whether a call may start now, and if not, when and why. @param now project ms */
export function availability(budget: Budget, now: number): Availability {
  const [closed] = closures(budget, now);
  if (closed) {
    const verb = closed.by === 'unknown' ? 'watched' : 'paused';
    return {
      state: 'closed',
      text: `${verb} for ${countdown(closed.until - now)}`,
      why: reasons[closed.by],
    };
  }
  const freeAt = budget.freeAt === null ? now : Date.parse(budget.freeAt);
  if (freeAt <= now) return { state: 'free', text: 'free now' };
  return { state: 'full', text: `free in ${countdown(freeAt - now)}` };
}

export function nextInQueue({ waiting }: Budget, open: readonly Command[]): string {
  const [next] = waiting.next;
  if (!next) return 'nobody waits';
  const [command, other] = open.filter(({ estimatedAt }) => estimatedAt === next.estimatedAt);
  const isCertain = lanes[next.lane].sync === undefined && other === undefined;
  const named = isCertain && command?.riderId ? ` ${command.riderId}` : '';
  const more = waiting.count > 1 ? `, ${waiting.count - 1} more after` : '';
  return `next: ${lanes[next.lane].label}${named}${more}`;
}

/** `1 per 60 min` */
export const limitText = ({ limit, windowSeconds }: Budget['documented']): string =>
  `${limit} per ${duration(windowSeconds * 1_000)}`;

export function policyText({ policy, documented }: Budget): string {
  const limit = limitText(policy);
  if (policy.from === 'documented') return `${limit}, as documented`;
  const since = policy.since === null ? '' : ` since ${clockTime(policy.since)}`;
  const by = policy.from === 'upstream' ? 'as upstream says' : 'as an operator set it';
  return `${limit}, ${by}${since} (documented: ${limitText(documented)})`;
}

/** Can I call now, and if not, who goes first: all budgets in one sentence. @param now project ms */
export function summary(budgets: readonly Budget[], now: number): string {
  const free = budgets.filter((budget) => availability(budget, now).state === 'free').length;
  const waiting = budgets.flatMap(({ waiting: { next } }) => next);
  const count = budgets.reduce((sum, each) => sum + each.waiting.count, 0);
  const windows = `${free} of ${budgets.length} windows have a call free now`;
  const first = waiting.toSorted((one, other) => one.estimatedAt.localeCompare(other.estimatedAt))[0];
  if (!first) return `${windows}. Nobody waits.`;
  const when = countdown(Date.parse(first.estimatedAt) - now);
  return `${windows}. ${count} ${count === 1 ? 'waits' : 'wait'}; ${lanes[first.lane].label} goes first, in ${when}.`;
}
