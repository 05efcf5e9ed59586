/**
 * Why a call brought nothing. `rejected`: any other 4xx (or a redirect, which is not followed: it would be a second
 * call); `unavailable`: 5xx; `unreachable`: no connection, or it broke; `unreadable`: an answer that is not what it
 * should be.
 */
export type UpstreamErrorCode =
  | 'rate_limited'
  | 'unauthorized'
  | 'not_found'
  | 'rejected'
  | 'unavailable'
  | 'unreachable'
  | 'timed_out'
  | 'unreadable';

export interface UpstreamErrorDetails {
  /** HTTP status; missing when no answer came. */
  readonly status?: number;
  /** How long upstream asked us to stay away, project ms. */
  readonly retryAfterMs?: number;
  /** The first 300 characters of what was answered. */
  readonly rawStart?: string;
}

/** A call to upstream that failed, said plainly and without the key. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly rawStart: string | undefined;

  constructor(code: UpstreamErrorCode, message: string, details: UpstreamErrorDetails = {}) {
    super(message);
    this.name = 'UpstreamError';
    this.code = code;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.rawStart = details.rawStart;
  }
}

/** What a reader throws to say what is wrong with an answer. */
export class WrongShape extends Error {
  override name = 'WrongShape';
}
