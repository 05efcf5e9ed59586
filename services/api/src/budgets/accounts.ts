import { fullName } from '@paceline/shared/contracts';
import { defaultUpstream, type Upstream } from '@paceline/shared/upstreams';
import type { Door } from '../door/door.ts';
import { Problem } from '../http/problem.ts';
import type { LimiterPeer } from '../peers.ts';

/** An account whose calls are shown, with its upstream and limiter. */
export interface ShownAccount {
  /** The limiter's name for it. */
  readonly account: string;
  readonly upstream: Upstream;
  readonly limiter: LimiterPeer;
}

/** The account of the syncs first, then those of other upstreams that programs may call. */
export const accountsOf = (syncs: ShownAccount, doors: ReadonlyMap<string, Door>): ShownAccount[] => [
  syncs,
  ...[...doors.values()].filter(({ upstream }) => upstream.name !== defaultUpstream),
];

/** The account of a budget, and the budget's name there. @throws {Problem} when there is none */
export function findBudget(
  accounts: readonly ShownAccount[],
  id: string,
): ShownAccount & { readonly budget: string } {
  const known = accounts.flatMap((account) =>
    Object.keys(account.upstream.budgets).map((budget) => ({
      ...account,
      budget,
      id: fullName(account.upstream.name, budget),
    })),
  );
  const found = known.find((each) => each.id === id);
  if (found) return found;
  const message = `must be one of ${known.map((each) => each.id).join(', ')}`;
  throw new Problem('invalid-input', `The budget ${message}`, { errors: [{ field: 'budget', message }] });
}

/** The upstream of an account; undefined when its calls are not shown. */
export type FindUpstream = (account: string) => Upstream | undefined;

export const upstreamsOf =
  (accounts: readonly ShownAccount[]): FindUpstream =>
  (account) =>
    accounts.find((each) => each.account === account)?.upstream;
