import type { Operation } from '@paceline/shared/contracts';
import type { BudgetState } from './budget.ts';
import { changePolicy } from './policy.ts';
import type { Settings } from './settings.ts';
import type { Decision } from './protocol.ts';

/** Carries out what an operator asks for. */
export function operate(
  budget: BudgetState,
  operation: Operation,
  now: number,
  settings: Settings,
): Decision {
  const { account, endpoint } = operation;
  const operated = (fact: Decision['facts'][number]): Decision => ({
    answer: { answer: 'operated' },
    facts: [fact],
  });
  switch (operation.do) {
    case 'pause': {
      const { until } = operation;
      const { failures } = budget.record;
      return operated({ fact: 'paused', account, endpoint, by: 'operator', at: now, until, failures });
    }
    case 'resume':
      return operated({ fact: 'resumed', account, endpoint, by: 'operator', at: now });
    case 'release':
      return operated({ fact: 'resumed', account, endpoint, by: 'upstream', at: now });
    case 'set_policy':
      return operated(changePolicy(budget, 'operator', operation.policy, now, settings));
    case 'forget_policy':
      return operated(changePolicy(budget, 'operator', null, now, settings));
  }
}
