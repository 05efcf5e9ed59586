import type { Clock } from '../clock/index.ts';
import { type Limit, mapValues, type Tier } from '../definition/index.ts';
import type { BudgetDefinition, EndpointDefinition } from './upstream.ts';

export type * from './upstream.ts';

/** The upstream of the syncs. */
export const defaultUpstream = 'zwiftracing';

/** The documented limits of a tier. */
export const limitsOf = <Name extends string>(
  budgets: Readonly<Record<Name, BudgetDefinition>>,
  tier: Tier,
): Record<Name, Limit> => mapValues(budgets, ({ limits }) => limits[tier]);

/** The paths of an endpoint's calls, below the base URL. */
export const pathsOf = ({ calls }: EndpointDefinition): string[] =>
  calls.map((call) => call.slice(call.indexOf('/')));

/** The timeout of a call, project ms; at least 10 real seconds, however fast the clock runs. */
export const callTimeout = ({ timeoutMs }: EndpointDefinition, clock: Clock): number =>
  Math.max(timeoutMs, Math.ceil(clock.toProjectMs(10_000)));
