import type { Clock } from '../clock/index.ts';
import type { BudgetName, Limit, Tier } from '../definition/index.ts';
import { mapValues } from '../definition/units.ts';
import { loadUpstreams } from './load.ts';
import type { EndpointDefinition, Upstream } from './upstream.ts';

export { defaultUpstream, loadUpstreams, readUpstreams, tierOf } from './load.ts';
export type * from './upstream.ts';

let loaded: Upstream<BudgetName> | undefined;

/** The upstream whose endpoints the syncs call by name. @throws {ConfigError} if its file is invalid */
export const zwiftracing = (): Upstream<BudgetName> =>
  (loaded ??= loadUpstreams(process.env).zwiftracing as Upstream<BudgetName>);

/** The documented limits of a tier. */
export const limitsOf = (tier: Tier): Record<BudgetName, Limit> =>
  mapValues(zwiftracing().budgets, ({ limits }) => limits[tier]);

/** The paths of an endpoint's calls, below the base URL. */
export const pathsOf = ({ calls }: EndpointDefinition): string[] =>
  calls.map((call) => call.slice(call.indexOf('/')));

/** The timeout of a call, project ms; at least 10 real seconds, however fast the clock runs. */
export const callTimeout = ({ timeoutMs }: EndpointDefinition, clock: Clock): number =>
  Math.max(timeoutMs, Math.ceil(clock.toProjectMs(10_000)));
