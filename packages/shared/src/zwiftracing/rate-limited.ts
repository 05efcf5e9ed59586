import { parseDictionary, parseList } from 'structured-headers';
import { z } from 'zod';
import { longestWindow, type Policy, policy } from '../contracts/index.ts';

/** What a 429 tells of the limit behind it. */
export interface RateLimited {
  /** How long to stay away, project ms; a longest window at the most. */
  readonly retryAfterMs?: number;
  /** The policy that is really enforced; nothing when what is named can't be one. */
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

/**
 * Reads a 429: its body first, since that is what upstream is known to send, then `Retry-After`, then the RateLimit
 * fields in each of their drafts.
 * @param text the body
 * @param now project ms, for a `Retry-After` that is a date
 */
export function readRateLimited(text: string, headers: Headers, now: number): RateLimited {
  const said = body.safeParse(jsonOrNothing(text)).data;
  const seconds = said?.retryAfter ?? retryAfter(headers, now) ?? resetIn(headers);
  const learned = policyOf(said?.limit, (said?.windowMinutes ?? 0) * 60_000) ?? policyIn(headers);
  return {
    ...(seconds === undefined ? {} : { retryAfterMs: Math.min(seconds * 1_000, longestWindow) }),
    ...(learned && { learned }),
  };
}

/** The policy that an answer names in its headers, also when it was not rejected. */
export function readPolicy(headers: Headers): Pick<RateLimited, 'learned'> {
  const learned = policyIn(headers);
  return learned ? { learned } : {};
}

const policyOf = (limit: number | undefined, windowMs: number): Policy | undefined =>
  policy.safeParse({ limit, windowMs }).data;

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds: a number, also as text, or a date. */
function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get('Retry-After');
  if (value === null) return undefined;
  const seconds = numeric.safeParse(value);
  if (seconds.success) return seconds.data;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - now) / 1_000);
}

/** Seconds until room: `"name";r=0;t=52`, or `limit=5, remaining=0, reset=52`, or `RateLimit-Reset: 52`. */
function resetIn(headers: Headers): number | undefined {
  const value = headers.get('RateLimit') ?? '';
  const listed = orNothing(() => parseList(value))?.[0]?.[1].get('t');
  const named = orNothing(() => parseDictionary(value))?.get('reset')?.[0];
  return numeric.safeParse(listed ?? named ?? headers.get('RateLimit-Reset')).data;
}

/** `RateLimit-Policy`: `"name";q=5;w=60` or `5;w=60`. */
function policyIn(headers: Headers): Policy | undefined {
  const [first] = orNothing(() => parseList(headers.get('RateLimit-Policy') ?? '')) ?? [];
  if (!first) return undefined;
  const [value, parameters] = first;
  const limit = positive.pipe(z.int()).safeParse(parameters.get('q') ?? value);
  const seconds = positive.safeParse(parameters.get('w'));
  if (!limit.success || !seconds.success) return undefined;
  return policyOf(limit.data, seconds.data * 1_000);
}

function orNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
