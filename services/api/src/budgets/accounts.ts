import { defaultUpstream, type Upstream, zwiftracing } from '@paceline/shared/upstreams';
import { Problem } from '../http/problem.ts';
import type { Services } from '../http/route.ts';
import type { LimiterPeer } from '../peers.ts';
import { budgetId } from './view.ts';

/** An upstream whose calls are shown, and the limiter of its account. */
export interface ShownAccount {
  readonly upstream: Upstream;
  /** The limiter's name for it. */
  readonly account: string;
  readonly limiter: LimiterPeer;
}

/** The account of the syncs first, then those of other upstreams that programs may call. */
export const accountsOf = ({
  account,
  limiter,
  doors,
}: Pick<Services, 'account' | 'limiter' | 'doors'>): ShownAccount[] => [
  { upstream: zwiftracing(), account, limiter },
  ...[...doors.values()].filter(({ upstream }) => upstream.name !== defaultUpstream),
];

/** The account of a budget, and the budget's name there. @throws {Problem} when there is none */
export function findBudget(
  accounts: readonly ShownAccount[],
  id: string,
): ShownAccount & { readonly budget: string } {
  const known = accounts.flatMap((account) =>
    Object.keys(account.upstream.budgets).map((budget) => ({ ...account, budget })),
  );
  const found = known.find(({ upstream, budget }) => budgetId(upstream, budget) === id);
  if (found) return found;
  const names = known.map(({ upstream, budget }) => budgetId(upstream, budget));
  const message = `must be one of ${names.join(', ')}`;
  throw new Problem('invalid-input', `The budget ${message}`, { errors: [{ field: 'budget', message }] });
}
