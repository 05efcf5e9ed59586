import { type Budget, budgetNames } from '@paceline/shared/definition';
import { type Attribution } from '@paceline/shared/contracts';
import { meter } from '@paceline/shared/telemetry';

const attributions = ['ours', 'policy_changed', 'unreported_permit', 'foreign_caller'] as const;

/** Counts the 429s. All begin at 0: of a series that begins at 1 Prometheus sees no increase. */
export function countRejections(): (endpoint: Budget, attribution: Attribution) => void {
  const rejections = meter().createCounter('paceline.limiter.rejections', {
    unit: '{call}',
    description: 'Calls that upstream answered with 429',
  });
  for (const endpoint of budgetNames)
    for (const attribution of attributions) rejections.add(0, { endpoint, attribution });
  return (endpoint, attribution) => rejections.add(1, { endpoint, attribution });
}
