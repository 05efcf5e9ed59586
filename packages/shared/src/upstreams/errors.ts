import { kindOf, longestWait, type UpstreamErrorCode } from './answers.ts';
import type { ReportedLimits } from './limits.ts';

export interface UpstreamErrorDetails {
  /** HTTP status; absent without a response. */
  readonly status?: number;
  /** When upstream allows the next call, project ms; absent when it names no plausible time. */
  readonly retryAt?: number;
  /** The first 300 characters of the response. */
  readonly rawStart?: string;
}

/** A failed upstream call; its message never contains the key. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode;
  readonly status: number | undefined;
  readonly retryAt: number | undefined;
  readonly rawStart: string | undefined;

  constructor(code: UpstreamErrorCode, message: string, details: UpstreamErrorDetails = {}) {
    super(message);
    this.name = 'UpstreamError';
    this.code = code;
    this.status = details.status;
    this.retryAt = details.retryAt;
    this.rawStart = details.rawStart;
  }
}

const meanings: Partial<Record<UpstreamErrorCode, string>> = {
  rate_limited: 'rate limit exceeded',
  unauthorized: 'API key rejected',
  not_found: 'not found',
  unavailable: 'server error',
  web_page: 'a web page instead of data',
};

/**
 * The error of a failed answer; undefined when its body is still to be read.
 * @param label of the upstream
 * @param now project ms
 */
export function errorOf(
  label: string,
  { status, text, rawStart }: { status: number; text: string; rawStart: string },
  limits: ReportedLimits,
  now: number,
): UpstreamError | undefined {
  const code = kindOf(status, text);
  if (code === 'data') return undefined;
  const retryAt = retryAtOf(limits, now);
  const until = retryAt === undefined ? '' : `, no call before ${new Date(retryAt).toISOString()}`;
  const message = `${label} answered ${status}: ${meanings[code] ?? 'request rejected'}${until}`;
  return new UpstreamError(code, message, {
    status,
    rawStart,
    ...(retryAt !== undefined && { retryAt }),
  });
}

/** The limiter waits for its known window instead of a time that can't be meant. */
function retryAtOf({ retryAfterMs, learned }: ReportedLimits, now: number): number | undefined {
  if (retryAfterMs === undefined || retryAfterMs > longestWait(learned?.windowMs)) return undefined;
  return Math.ceil(now + retryAfterMs);
}
