import type { Clock } from '@paceline/shared/clock';
import type { Policy } from '@paceline/shared/contracts';
import { mapValues, type Tier } from '@paceline/shared/definition';
import { callTimeout, type BudgetDefinition, type Upstream } from '@paceline/shared/upstreams';

/** A budget as decisions need it. Durations are project ms. */
export interface BudgetSettings extends Pick<BudgetDefinition, 'resets' | 'paced' | 'reserve'> {
  /** The documented policy, in force until upstream or an operator names another. */
  readonly policy: Policy;
  /** The longest of its endpoints. */
  readonly callTimeout: number;
  /** Assumed call duration until calls were measured, the longest of its endpoints; used by estimates only. */
  readonly typicalMs: number;
}

export interface EndpointSettings {
  readonly budgets: readonly string[];
  readonly callTimeout: number;
}

/** Budgets and endpoints that are connected: their requests wait in one queue. */
export interface PoolSettings {
  /** That of its first budget. */
  readonly name: string;
  readonly budgets: readonly string[];
  readonly endpoints: readonly string[];
}

export interface UpstreamSettings {
  readonly budgets: Readonly<Record<string, BudgetSettings>>;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly lanes: Upstream['lanes'];
  readonly longestHeadStart: number;
  /** By the name of a budget. */
  readonly poolOfBudget: Readonly<Record<string, PoolSettings>>;
  readonly poolOfEndpoint: Readonly<Record<string, PoolSettings>>;
}

export function upstreamSettings(
  { budgets, endpoints, lanes }: Pick<Upstream, 'budgets' | 'endpoints' | 'lanes'>,
  tier: Tier,
  clock: Clock,
): UpstreamSettings {
  const pools = poolsOf(Object.keys(budgets), endpoints);
  const poolWith = (kind: 'budgets' | 'endpoints') =>
    Object.fromEntries(pools.flatMap((pool) => pool[kind].map((name) => [name, pool] as const)));
  return {
    budgets: mapValues(budgets, ({ limits, resets, paced, reserve }, name) => {
      const counted = Object.values(endpoints).filter((each) => each.budgets.includes(name));
      return {
        policy: limits[tier],
        resets,
        paced,
        reserve,
        callTimeout: Math.max(...counted.map((endpoint) => callTimeout(endpoint, clock))),
        typicalMs: Math.max(...counted.map(({ typicalMs }) => typicalMs)),
      };
    }),
    endpoints: mapValues(endpoints, (endpoint) => ({
      budgets: endpoint.budgets,
      callTimeout: callTimeout(endpoint, clock),
    })),
    lanes,
    longestHeadStart: Math.max(...Object.values(lanes).map(({ headStartMs }) => headStartMs)),
    poolOfBudget: poolWith('budgets'),
    poolOfEndpoint: poolWith('endpoints'),
  };
}

/** Joins the budgets of each endpoint, until no endpoint has some of two groups. */
function poolsOf(names: readonly string[], endpoints: Upstream['endpoints']): PoolSettings[] {
  let groups = names.map((name) => [name]);
  for (const { budgets } of Object.values(endpoints)) {
    const joined = groups.filter((group) => group.some((name) => budgets.includes(name)));
    groups = [...groups.filter((group) => !joined.includes(group)), joined.flat()];
  }
  return groups.map((group) => {
    const budgets = names.filter((name) => group.includes(name));
    const counted = Object.entries(endpoints).filter(([, each]) =>
      each.budgets.some((name) => group.includes(name)),
    );
    return { name: budgets[0] as string, budgets, endpoints: counted.map(([name]) => name) };
  });
}
