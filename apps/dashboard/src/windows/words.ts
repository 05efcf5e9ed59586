import type { Budget, Command } from '../api/shapes.ts';
import { laneWords } from '../palette.ts';
import { clockTime, countdown, length } from '../time/words.ts';
import { closures } from './closures.ts';

export interface Standing {
  /** `free`: a call may leave now; `full`: one is free later; `closed`: nobody may call. */
  readonly state: 'free' | 'full' | 'closed';
  readonly words: string;
  /** Who closed it. */
  readonly why?: string;
}

const reasons = {
  upstream: 'upstream asked for it (429)',
  operator: 'an operator did it',
  unknown: 'calls that are not remembered may count',
};

/** Whether a call may leave now, and if not, when and why. */
export function standing(budget: Budget, now: number): Standing {
  const [closed] = closures(budget, now);
  if (closed) {
    const deed = closed.by === 'unknown' ? 'watched' : 'paused';
    return {
      state: 'closed',
      words: `${deed} for ${countdown(closed.until - now)}`,
      why: reasons[closed.by],
    };
  }
  const freeAt = budget.freeAt === null ? now : Date.parse(budget.freeAt);
  if (freeAt <= now) return { state: 'free', words: 'free now' };
  return { state: 'full', words: `free in ${countdown(freeAt - now)}` };
}

/** Who goes next; a person's wish by name, when it is certain which of the open ones it is. */
export function nextInLine({ waiting }: Budget, open: readonly Command[]): string {
  const [next] = waiting.next;
  if (!next) return 'nobody waits';
  const wish = open.filter(({ estimatedAt }) => estimatedAt !== null && estimatedAt === next.estimatedAt);
  const named = next.lane === 'manual_rider_add' && wish.length === 1 ? ` ${wish[0]?.riderId}` : '';
  const more = waiting.count > 1 ? `, ${waiting.count - 1} more after` : '';
  return `next: ${laneWords[next.lane]}${named}${more}`;
}

/** The limit, by whose word it is kept, and what the vendor says when that is something else. */
export function policyWords({ policy, documented }: Budget): string {
  const limit = limitWords(policy);
  if (policy.from === 'documented') return `${limit}, as documented`;
  const since = policy.since === null ? '' : ` since ${clockTime(Date.parse(policy.since))}`;
  const by = policy.from === 'upstream' ? 'as upstream says' : 'as an operator set it';
  return `${limit}, ${by}${since} (documented: ${limitWords(documented)})`;
}

const limitWords = ({ limit, windowSeconds }: Budget['documented']) =>
  `${limit} per ${length(windowSeconds * 1_000)}`;

/** Can I call now, and if not, who goes first: all budgets in one sentence. */
export function summary(budgets: readonly Budget[], now: number): string {
  const free = budgets.filter((budget) => standing(budget, now).state === 'free').length;
  const waiting = budgets.flatMap(({ waiting: { next } }) => next);
  const count = budgets.reduce((sum, each) => sum + each.waiting.count, 0);
  const windows = `${free} of ${budgets.length} windows have a call free now`;
  const first = waiting.toSorted((one, other) => one.estimatedAt.localeCompare(other.estimatedAt))[0];
  if (!first) return `${windows}. Nobody waits.`;
  const when = countdown(Date.parse(first.estimatedAt) - now);
  return `${windows}. ${count} ${count === 1 ? 'waits' : 'wait'}; ${laneWords[first.lane]} goes first, in ${when}.`;
}
