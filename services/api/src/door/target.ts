import { Problem } from '../http/problem.ts';

/** What a caller wants from an upstream: below its base URL, exactly as it was sent. */
export interface Target {
  /** The name of the upstream. */
  readonly upstream: string;
  readonly path: string;
  /** The parts of the path, decoded. */
  readonly segments: readonly string[];
  /** With its `?`, or empty. */
  readonly query: string;
}

/** Only what RFC 3986 allows in a path and a query, and brackets in a query; no fragment. */
const shape = /^\/upstream\/([\w-]+)((?:\/[\w.~!$&'()*+,;=:@%-]*)+)(\?[\w.~!$&'()*+,;=:@%/?[\]-]*)?$/;

/**
 * Reads a request's target before anything normalizes it. Whatever could mean another path to another server is refused:
 * dot segments, empty ones, and separators, control characters or `%` behind an escape.
 * @throws {Problem}
 */
export function readTarget(raw: string): Target {
  const [, upstream, path, query = ''] = shape.exec(raw) ?? [];
  if (upstream === undefined || path === undefined)
    throw invalid('must be /upstream/<name>/<path> with the characters of a URL, without a fragment');
  return { upstream, path, segments: path.slice(1).split('/').map(decode), query };
}

function decode(part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(part);
  } catch {
    throw invalid('has an invalid escape');
  }
  // oxlint-disable-next-line no-control-regex -- these are what it looks for
  if (decoded === '' || decoded === '.' || decoded === '..' || /[/\\%\u0000-\u001F\u007F]/.test(decoded))
    throw invalid('must not have empty segments, dot segments, or an escaped /, \\, % or control character');
  return decoded;
}

function invalid(message: string): Problem {
  return new Problem('invalid-input', `The path ${message}`, { errors: [{ field: 'path', message }] });
}
