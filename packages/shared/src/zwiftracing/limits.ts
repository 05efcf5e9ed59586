import { type Item, parseDictionary, parseList } from 'structured-headers';
import { z } from 'zod';
import { maxWindowMs, type Policy, policy } from '../contracts/index.ts';
import { answerRules, kindOf, longestReportedWindow, longestWait, strictestOf } from './answers.ts';

/** What an answer says about its limit. */
export interface ReportedLimits {
  /** How long to wait, project ms; max `maxWindowMs`. Absent unless the call failed. */
  readonly retryAfterMs?: number;
  /** The policy that rejected the call, from the body of a 429. */
  readonly learned?: Policy;
  /** The policy that the headers advertise, beside which there may be stricter ones. */
  readonly advertised?: Policy;
}

/**
 * Reads the limits and the wait that an answer names, in any form known from APIs of this kind.
 * @param now project ms; only used if the answer has no `Date`
 */
export function readLimits(status: number, headers: Headers, text: string, now: number): ReportedLimits {
  const advertised = strictestOf(policiesIn(headers));
  const base = advertised ? { advertised } : {};
  const kind = kindOf(status, text);
  if (answerRules[kind].pause === 'no') return base;
  const fields = body.safeParse(orUndefined((): unknown => JSON.parse(text))).data;
  const learned =
    kind === 'rate_limited' && fields ? policyOf(fields.limit, fields.windowMinutes * minute) : undefined;
  const waits = waitsIn(headers, fields, kind === 'rate_limited', dateOf(headers) ?? now);
  const wait = longestPlausible(waits, longestWait(learned?.windowMs));
  return {
    ...base,
    ...(learned && { learned }),
    ...(wait !== undefined && { retryAfterMs: Math.min(wait, maxWindowMs) }),
  };
}

const second = 1_000;
const minute = 60_000;

const number = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().positive())
  .catch(Number.NaN);

const body = z.object({
  retryAfter: z.unknown().optional(),
  retry_after: z.unknown().optional(),
  retryAfterMs: z.unknown().optional(),
  retry_after_ms: z.unknown().optional(),
  limit: number,
  windowMinutes: number,
});

/** Waits in ms that an answer names. A reset of the window counts only where nothing else is said about a 429. */
function waitsIn(
  headers: Headers,
  fields: Partial<z.output<typeof body>> | undefined,
  isRejection: boolean,
  now: number,
): readonly number[] {
  const named = [
    ...waitsOf(fields?.retryAfter, second, now),
    ...waitsOf(fields?.retry_after, second, now),
    ...waitsOf(fields?.retryAfterMs, 1, now),
    ...waitsOf(fields?.retry_after_ms, 1, now),
    ...waitsOf(headers.get('Retry-After-Ms'), 1, now),
    ...waitsOf(headers.get('Retry-After'), second, now),
  ];
  return named.length > 0 || !isRejection ? named : resetsIn(headers, now);
}

/** The longest wait, so that no call is early by any of them; one that can't be meant counts only alone. */
function longestPlausible(waits: readonly number[], longest: number): number | undefined {
  if (waits.length === 0) return undefined;
  const plausible = waits.filter((wait) => wait <= longest);
  return plausible.length > 0 ? Math.max(...plausible) : Math.min(...waits);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: second, m: minute, h: 60 * minute };
const amount = /^(\d+(?:\.\d+)?) ?(?:(ms)|(s|m|h)(?:ecs?|econds?|ins?|inutes?|ours?)?)?$/i;

/** The waits in a value: `60`, `60s`, `60, 60`, a date, or a Unix time in seconds or ms. @param unit of a bare number */
function waitsOf(value: unknown, unit: number, now: number): number[] {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  // Anything else that `Date.parse` accepts, such as "in 5", is not a date.
  if (/\d\d:\d\d/.test(text)) {
    const date = Date.parse(text);
    return Number.isNaN(date) ? [] : [Math.max(0, date - now)];
  }
  return text.split(',').flatMap((part) => {
    const [, digits, ms, name = ''] = amount.exec(part.trim()) ?? scientific(part) ?? [];
    if (digits === undefined) return [];
    const count = Number(digits);
    if (ms !== undefined || name !== '') return [count * (units[ms ? 'ms' : name.toLowerCase()] ?? 1)];
    return [unixTime(count) === undefined ? count * unit : Math.max(0, (unixTime(count) ?? 0) - now)];
  });
}

/** Numbers that JavaScript writes with an exponent. */
const scientific = (text: string) => /^(\d+(?:\.\d+)?e\+?\d+)$/i.exec(text.trim());

/** The time of a number that is too large for a wait: a Unix time in seconds (from 2001 on) or ms. */
function unixTime(count: number): number | undefined {
  if (count >= 1e12) return count;
  return count >= 1e9 ? count * second : undefined;
}

const dateOf = (headers: Headers): number | undefined => {
  const date = Date.parse(headers.get('Date') ?? '');
  return Number.isNaN(date) ? undefined : date;
};

/** Waits until the reset: `"name";r=0;t=52`, or `limit=5, remaining=0, reset=52`, or `RateLimit-Reset: 52`. */
function resetsIn(headers: Headers, now: number): number[] {
  const value = headers.get('RateLimit') ?? '';
  const items = itemsOf(value).map(([, parameters]) => parameters);
  const used = items.filter((parameters) => parameters.get('r') === 0);
  const listed = (used.length > 0 ? used : items).map((parameters) => parameters.get('t'));
  const named = orUndefined(() => parseDictionary(value))?.get('reset')?.[0];
  return [...listed, named, headers.get('RateLimit-Reset'), headers.get('X-RateLimit-Reset')].flatMap(
    (each) => waitsOf(each, second, now),
  );
}

/** `RateLimit-Policy: "name";q=5;w=60` or `5;w=60`, several separated by commas; earlier drafts: in `RateLimit-Limit`. */
function policiesIn(headers: Headers): Policy[] {
  const items = itemsOf(headers.get('RateLimit-Policy') ?? headers.get('RateLimit-Limit') ?? '');
  return items.flatMap(([value, parameters]) => {
    // Some count bytes instead of requests.
    if ((parameters.get('qu') ?? 'requests') !== 'requests') return [];
    const [limit, seconds] = [parameters.get('q') ?? value, parameters.get('w')].map((each) =>
      number.parse(each),
    );
    return policyOf(limit, (seconds ?? Number.NaN) * second) ?? [];
  });
}

function policyOf(limit: number | undefined, windowMs: number): Policy | undefined {
  const read = policy.safeParse({ limit, windowMs }).data;
  return read && read.windowMs <= longestReportedWindow ? read : undefined;
}

const itemsOf = (value: string): Item[] =>
  (orUndefined(() => parseList(value)) ?? []).filter((member): member is Item => !Array.isArray(member[0]));

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
