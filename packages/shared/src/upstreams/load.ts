import { basename, join } from 'node:path';
import { ConfigError } from '../config/error.ts';
import { budgetNames, type Tier, tiers } from '../definition/index.ts';
import { defaultUpstream } from './index.ts';
import { readUpstream } from './read.ts';
import type { Upstream, Upstreams } from './upstream.ts';

const folder = join(import.meta.dirname, '../../../../upstreams');

/** The files that `UPSTREAMS` names, by upstream: a name is that of a file in `upstreams/`, with a `/` it is a path. */
function filesOf(env: NodeJS.ProcessEnv): Map<string, string> {
  const entries = (env.UPSTREAMS || defaultUpstream).split(',').map((entry) => entry.trim());
  return new Map(
    entries
      .filter(Boolean)
      .map((entry) =>
        entry.includes('/') ? [basename(entry, '.yaml'), entry] : [entry, join(folder, `${entry}.yaml`)],
      ),
  );
}

/** The upstreams of the files by name, in the order of `UPSTREAMS`, and everything that is wrong with the files. */
export function readUpstreams(env: NodeJS.ProcessEnv): {
  /** All that `UPSTREAMS` names, also those whose files have mistakes. */
  readonly names: readonly string[];
  readonly upstreams: Upstreams;
  readonly problems: readonly string[];
} {
  const files = filesOf(env);
  const readings = [...files].map(([name, file]) => readUpstream(name, file));
  const read = readings.flatMap((reading) => ('upstream' in reading ? [reading.upstream] : []));
  const missing = `UPSTREAMS must name ${defaultUpstream}, which the syncs call`;
  return {
    names: [...files.keys()],
    upstreams: Object.fromEntries(read.map((upstream) => [upstream.name, upstream])) as Upstreams,
    problems: [
      ...(files.has(defaultUpstream) ? [] : [missing]),
      ...readings.flatMap((reading) => ('problems' in reading ? reading.problems : [])),
      ...read.filter(({ name }) => name === defaultUpstream).flatMap(missingNames),
      ...tierProblems([...files.keys()], env),
    ],
  };
}

const missingNames = (upstream: Upstream): string[] =>
  (['budgets', 'endpoints'] as const).flatMap((part) =>
    budgetNames
      .filter((name) => !Object.hasOwn(upstream[part], name))
      .map((name) => `${upstream.name}.yaml: ${part}.${name} is missing, which the syncs use`),
  );

const tierVariable = (name: string) => `${name.toUpperCase()}_TIER`;

/** That of the syncs' upstream is a variable like any other, and checked with those. */
const tierProblems = (names: readonly string[], env: NodeJS.ProcessEnv): string[] =>
  names
    .filter((name) => name !== defaultUpstream)
    .map(tierVariable)
    .filter((variable) => env[variable] && !tiers.some((tier) => tier === env[variable]))
    .map((variable) => `${variable} must be ${tiers.join(' or ')}`);

/** The tier of an upstream's key: the variable `<NAME>_TIER`, default standard. */
export const tierOf = ({ name }: Upstream, env: NodeJS.ProcessEnv): Tier =>
  tiers.find((tier) => tier === env[tierVariable(name)]) ?? 'standard';

/** @throws {ConfigError} naming every problem of every file */
export function loadUpstreams(env: NodeJS.ProcessEnv): Upstreams {
  const { upstreams, problems } = readUpstreams(env);
  if (problems.length > 0) throw new ConfigError(problems);
  return upstreams;
}
