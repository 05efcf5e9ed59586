import type { Budget, Coordination, Progress, Way } from '@paceline/shared/contracts';

/** What a new command is shown as before anybody knows better. */
export const justAsked: Progress = { state: 'waiting_in_line', position: 1, at: null };

const budgetOf: Record<Way, Budget> = { single: 'riders_single', bulk: 'riders_bulk' };

/** What a new command may expect from the budget that it would call with; `usage` is undefined when nobody knows. */
export function expectedProgress(usage: Coordination | undefined, via: Way, now: number): Progress {
  if (!usage) return justAsked;
  const { available, resetAt } = usage.rateLimitUsage[budgetOf[via]];
  if (available > 0 || resetAt === null) return { state: 'waiting_in_line', position: 1, at: now, via };
  return { state: 'waiting_for_window', until: resetAt, via };
}
