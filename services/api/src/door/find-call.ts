import type { Upstream } from '@paceline/shared/upstreams';
import { Problem } from '../http/problem.ts';
import type { Target } from './target.ts';

/** A call that the upstream's file names. */
export interface Call {
  /** The endpoint whose permit it needs. */
  readonly endpoint: string;
  readonly method: string;
  /** The values of `:name` in its pattern, or the path of a pattern without any: what it is about. */
  readonly target: string;
}

/**
 * The call of the file that a request matches; of several, the one with the most literal segments.
 * @throws {Problem} that lists what is allowed
 */
export function findCall(
  { label, endpoints }: Pick<Upstream, 'label' | 'endpoints'>,
  method: string,
  { path, segments }: Pick<Target, 'path' | 'segments'>,
): Call {
  const calls = Object.entries(endpoints).flatMap(([endpoint, { calls: own }]) =>
    own.map((text) => ({ endpoint, text, ...parse(text) })),
  );
  const atPath = calls.filter(({ parts }) => matches(parts, segments));
  const [best] = atPath
    .filter((each) => each.method === method)
    .toSorted((one, other) => other.literals - one.literals);
  if (best) {
    const values = segments.filter((_, index) => best.parts[index]?.startsWith(':'));
    return { endpoint: best.endpoint, method, target: values.join(' ') || path };
  }
  const allowed = calls.map(({ text }) => text);
  const detail = `${method} ${path} is not among the calls of ${label}: see allowed`;
  if (atPath.length === 0) throw new Problem('call-not-listed', detail, { allowed });
  const methods = [...new Set(atPath.map((each) => each.method))].toSorted().join(', ');
  throw new Problem('method-not-allowed', detail, { allowed, headers: { allow: methods } });
}

function parse(text: string): { method: string; parts: string[]; literals: number } {
  const [method = '', path = ''] = text.split(' ');
  const parts = path.slice(1).split('/');
  return { method, parts, literals: parts.filter((part) => !part.startsWith(':')).length };
}

const matches = (parts: readonly string[], segments: readonly string[]): boolean =>
  parts.length === segments.length &&
  parts.every((part, index) => part.startsWith(':') || part === segments[index]);
