import { basename, join } from 'node:path';
import { ConfigError } from '../config/error.ts';
import { readUpstream } from './read.ts';
import type { Upstream } from './upstream.ts';

const folder = join(import.meta.dirname, '../../../../upstreams');

/** The files that `UPSTREAMS` names: a name is that of a file in `upstreams/`, anything with a `/` a path to one. */
function filesOf(env: NodeJS.ProcessEnv): Map<string, string> {
  const entries = (env.UPSTREAMS || 'zwiftracing').split(',').map((entry) => entry.trim());
  return new Map(
    entries.map((entry) =>
      entry.includes('/') ? [basename(entry, '.yaml'), entry] : [entry, join(folder, `${entry}.yaml`)],
    ),
  );
}

const readings = (env: NodeJS.ProcessEnv) =>
  [...filesOf(env)].map(([name, file]) => readUpstream(name, file));

/** Everything that is wrong with the upstream files. */
export const upstreamProblems = (env: NodeJS.ProcessEnv): string[] =>
  readings(env).flatMap((reading) => ('problems' in reading ? reading.problems : []));

/** The upstreams of the files by name, in the order of `UPSTREAMS`. @throws {ConfigError} naming every problem of every file */
export function loadUpstreams(env: NodeJS.ProcessEnv): Readonly<Record<string, Upstream>> {
  const problems = upstreamProblems(env);
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(
    readings(env).flatMap((reading) =>
      'upstream' in reading ? [[reading.upstream.name, reading.upstream]] : [],
    ),
  );
}
