import type { Policy } from '@paceline/shared/contracts';
import type { BudgetHistory, Span } from './history.ts';

/** The calls that were made beside those that the policy could have let through in the same time. */
export interface Utilisation {
  readonly made: number;
  readonly possible: number;
}

/** @param documented the policy that the budget began with */
export function utilisationOf(
  { calls, changes }: BudgetHistory,
  spans: readonly Span[],
  documented: Policy,
): Utilisation {
  const made = calls.filter(({ judged, end }) => judged && end !== 'returned').length;
  const possible = spans.reduce((sum, span) => sum + possibleIn(span, changes, documented), 0);
  return { made, possible };
}

function possibleIn(
  { timeline, from, to }: Span,
  changes: BudgetHistory['changes'],
  documented: Policy,
): number {
  const before = changes.filter(
    (each) => each.timeline < timeline || (each.timeline === timeline && each.at <= from),
  );
  const within = changes.filter((each) => each.timeline === timeline && each.at > from);
  let policy = before.at(-1)?.policy ?? documented;
  let since = from;
  let possible = 0;
  for (const next of within) {
    possible += mostWithin(next.at - since, policy);
    policy = next.policy;
    since = next.at;
  }
  return possible + mostWithin(to - since + 1, policy);
}

/** No interval [from, from + ms) can hold more. */
const mostWithin = (ms: number, { limit, windowMs }: Policy): number => limit * Math.ceil(ms / windowMs);
