import { UpstreamError, type UpstreamErrorCode } from './errors.ts';

/** What an HTTP status that is no success means. */
function codeOf(status: number): UpstreamErrorCode {
  if (status === 429) return 'rate_limited';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404) return 'not_found';
  return status >= 500 ? 'unavailable' : 'rejected';
}

const meaning: Partial<Record<UpstreamErrorCode, string>> = {
  rate_limited: 'too many calls',
  unauthorized: 'the key is not accepted',
  unavailable: 'upstream is in trouble',
};

/**
 * The error that an answer without success comes to. A 404 that is a web page is about the address as a whole, not
 * about what was asked for: an old host answers so to everything.
 */
export function errorOf(status: number, rawStart: string, retryAfterMs?: number): UpstreamError {
  const code = codeOf(status);
  const about =
    code === 'not_found' ? aboutNotFound(rawStart) : (meaning[code] ?? 'upstream refused the call');
  return new UpstreamError(code, `Upstream answered ${status}: ${about}`, {
    status,
    rawStart,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const aboutNotFound = (rawStart: string): string =>
  isPage(rawStart) ? 'a web page, so nothing is served at this address' : 'it knows no such thing';

/** Whether a text is HTML rather than JSON. */
export const isPage = (text: string): boolean => text.trimStart().startsWith('<');
