import { parseDictionary, parseList } from 'structured-headers';
import { z } from 'zod';
import { maxWindowMs, type Policy, policy } from '../contracts/index.ts';

/** `rejected`: another 4xx, or a redirect (never followed); `unavailable`: 5xx; `unreadable`: not the expected shape */
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
  /** HTTP status; absent without a response. */
  readonly status?: number;
  /** The wait that upstream requested, project ms. */
  readonly retryAfterMs?: number;
  /** The first 300 characters of the response. */
  readonly rawStart?: string;
}

/** A failed upstream call; its message never contains the key. */
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

export class UnexpectedShape extends Error {
  override name = 'UnexpectedShape';
}

function codeOf(status: number): UpstreamErrorCode {
  if (status === 429) return 'rate_limited';
  if (status === 401 || status === 403) return 'unauthorized';
  if (status === 404) return 'not_found';
  return status >= 500 ? 'unavailable' : 'rejected';
}

const meanings: Partial<Record<UpstreamErrorCode, string>> = {
  rate_limited: 'rate limit exceeded',
  unauthorized: 'API key rejected',
  unavailable: 'server error',
};

/** A 404 that is a web page concerns the whole address: old hosts answer every request with one. */
export function errorOf(status: number, rawStart: string, retryAfterMs?: number): UpstreamError {
  const code = codeOf(status);
  const about = code === 'not_found' ? aboutNotFound(rawStart) : (meanings[code] ?? 'request rejected');
  return new UpstreamError(code, `ZwiftRacing answered ${status}: ${about}`, {
    status,
    rawStart,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

const aboutNotFound = (rawStart: string): string =>
  isWebPage(rawStart) ? 'a web page, so nothing is served at this address' : 'not found';

export const isWebPage = (text: string): boolean => text.trimStart().startsWith('<');

/** What a 429 reports about its limit. */
export interface RateLimited {
  /** How long to wait, project ms; max `maxWindowMs`. */
  readonly retryAfterMs?: number;
  /** The enforced policy; absent when the reported one is impossible. */
  readonly learned?: Policy;
}

const numeric = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().nonnegative());
const positive = numeric.pipe(z.number().positive());

const body = z.object({
  retryAfter: numeric.optional().catch(undefined),
  limit: positive.pipe(z.int()).optional().catch(undefined),
  windowMinutes: positive.optional().catch(undefined),
});

/** Parses a 429: the body (which upstream sends), then `Retry-After`, then RateLimit headers of any draft. */
export function readRateLimited(text: string, headers: Headers, now: number): RateLimited {
  const parsed = body.safeParse(orUndefined((): unknown => JSON.parse(text))).data;
  const seconds = parsed?.retryAfter ?? retryAfter(headers, now) ?? resetIn(headers);
  const learned = policyOf(parsed?.limit, (parsed?.windowMinutes ?? 0) * 60_000) ?? policyIn(headers);
  return {
    ...(seconds === undefined ? {} : { retryAfterMs: Math.min(seconds * 1_000, maxWindowMs) }),
    ...(learned && { learned }),
  };
}

export function readPolicy(headers: Headers): Pick<RateLimited, 'learned'> {
  const learned = policyIn(headers);
  return learned ? { learned } : {};
}

const policyOf = (limit: number | undefined, windowMs: number): Policy | undefined =>
  policy.safeParse({ limit, windowMs }).data;

/** `Retry-After` in seconds, from a number or a date. */
function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get('Retry-After');
  if (value === null) return undefined;
  const seconds = numeric.safeParse(value);
  if (seconds.success) return seconds.data;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1_000);
}

/** Seconds until the reset: `"name";r=0;t=52`, or `limit=5, remaining=0, reset=52`, or `RateLimit-Reset: 52`. */
function resetIn(headers: Headers): number | undefined {
  const value = headers.get('RateLimit') ?? '';
  const listed = orUndefined(() => parseList(value))?.[0]?.[1].get('t');
  const named = orUndefined(() => parseDictionary(value))?.get('reset')?.[0];
  return numeric.safeParse(listed ?? named ?? headers.get('RateLimit-Reset')).data;
}

/** `RateLimit-Policy`: `"name";q=5;w=60` or `5;w=60`. */
function policyIn(headers: Headers): Policy | undefined {
  const [first] = orUndefined(() => parseList(headers.get('RateLimit-Policy') ?? '')) ?? [];
  if (!first) return undefined;
  const [value, parameters] = first;
  const limit = positive.pipe(z.int()).safeParse(parameters.get('q') ?? value);
  const seconds = positive.safeParse(parameters.get('w'));
  if (!limit.success || !seconds.success) return undefined;
  return policyOf(limit.data, seconds.data * 1_000);
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
