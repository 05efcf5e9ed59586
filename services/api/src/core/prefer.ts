const longestWaitSeconds = 30;

/**
 * How many seconds (real, 30 at the most) a `Prefer` header (RFC 7240) is ready to wait for the result.
 * Undefined when it doesn't say, or says it in a way that can't be read: a preference is never an error.
 */
export function preferredWait(header: string | undefined): number | undefined {
  const [, seconds] = /(?:^|,)\s*wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(header ?? '') ?? [];
  const wait = Math.min(Number(seconds ?? 0), longestWaitSeconds);
  return wait > 0 ? wait : undefined;
}
