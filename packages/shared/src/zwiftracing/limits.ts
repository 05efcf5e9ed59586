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
  const objects = objectsOf(orUndefined((): unknown => JSON.parse(text)));
  const learned = kind === 'rate_limited' ? objects.map(policyOfBody).find(Boolean) : undefined;
  const fields = [...headers, ...objects.flatMap((each) => Object.entries(each))];
  const at = dateOf(headers) ?? now;
  const named = waitsIn(fields, 'retryafter', at);
  // A reset of the window counts only where nothing else is said about a 429.
  const waits = named.length > 0 || kind !== 'rate_limited' ? named : resetsIn(fields, headers, at);
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

const policyOfBody = ({ limit, windowMinutes }: Fields): Policy | undefined =>
  policyOf(number.parse(limit), number.parse(windowMinutes) * minute);

type Fields = Readonly<Record<string, unknown>>;

/** The objects of a body in which its fields can be: itself, and those right inside it, such as `error`. */
const objectsOf = (body: unknown): Fields[] =>
  isObject(body) ? [body, ...Object.values(body).filter(isObject)] : [];

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

/** Where a wait is named, by the letters of the header or field without a leading X, and the unit of a bare number. */
const waitNames: Readonly<Record<string, number>> = {
  retryafter: second,
  retryafterseconds: second,
  retryafterms: 1,
  ratelimitreset: second,
  ratelimitresetafter: second,
  ratelimitresetms: 1,
};

/** Waits in ms of the headers and fields whose names start so. */
const waitsIn = (
  fields: ReadonlyArray<readonly [name: string, value: unknown]>,
  start: 'retryafter' | 'ratelimitreset',
  now: number,
): number[] =>
  fields.flatMap(([name, value]) => {
    const letters = name.toLowerCase().replaceAll(/^x-|[^a-z]/g, '');
    const unit = letters.startsWith(start) ? waitNames[letters] : undefined;
    return unit === undefined ? [] : waitsOf(value, unit, now);
  });

/** The longest wait, so that no call is early by any of them; one that can't be meant counts only alone. */
function longestPlausible(waits: readonly number[], longest: number): number | undefined {
  if (waits.length === 0) return undefined;
  const plausible = waits.filter((wait) => wait <= longest);
  return plausible.length > 0 ? Math.max(...plausible) : Math.min(...waits);
}

/** Between several values; a date can hold commas of its own. */
const separator = /(?<!(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)[,;](?! ?(?:\d{4} )?\d\d:\d\d)/i;

/** The waits in a value, which can be in quotes, duplicated or followed by parameters. @param unit of a bare number */
function waitsOf(value: unknown, unit: number, now: number): number[] {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value) : '';
  const parts = text.replaceAll(/["']/g, '').split(separator);
  return parts.flatMap((part) => waitOf(part.trim(), unit, now) ?? []);
}

const bareNumber = /^\d+(?:\.\d+)?(?:e\+?\d+)?$/i;
const unitNames = 'ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?';
const amount = `T?(\\d+(?:\\.\\d+)?) ?(${unitNames}) ?`;
const duration = new RegExp(`^P?(?:${amount})+$`, 'i');

/** The wait of `60`, `60s`, `1m30s`, `PT2M`, a date, or a Unix time in seconds or ms. */
function waitOf(text: string, unit: number, now: number): number | undefined {
  // Anything else that `Date.parse` accepts, such as "in 5", is not a date.
  if (/\d\d:\d\d/.test(text)) return untilTime(dateIn(text), now);
  if (bareNumber.test(text)) {
    const wait = Number(text) * unit;
    return untilTime(unixTime(Number(text), unit), now) ?? wait;
  }
  if (!duration.test(text)) return undefined;
  const amounts = [...text.matchAll(new RegExp(amount, 'gi'))];
  return amounts.reduce((sum, [, digits, name = '']) => sum + Number(digits) * unitOf(name.toLowerCase()), 0);
}

const untilTime = (time: number | undefined, now: number): number | undefined =>
  time === undefined ? undefined : Math.max(0, time - now);

function unitOf(name: string): number {
  if (/^m(?:s|illi)/.test(name)) return 1;
  return { s: second, m: minute, h: 60 * minute, d: 24 * 60 * minute }[name[0] as 's' | 'm' | 'h' | 'd'];
}

/** The time of a date; one without a zone is GMT, wherever this process runs. */
function dateIn(text: string): number | undefined {
  const date = Date.parse(/[a-z]$|[+-]\d\d:?\d\d$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(date) ? undefined : date;
}

/** The time of a number that is too large for a wait: a Unix time in ms, or in seconds (from 2001 on) if they are the unit. */
function unixTime(count: number, unit: number): number | undefined {
  if (count >= 1e12) return count;
  return count >= 1e9 && unit === second ? count * second : undefined;
}

const dateOf = (headers: Headers): number | undefined => dateIn(headers.get('Date') ?? '');

/** Waits until the reset: `"name";r=0;t=52`, or `limit=5, remaining=0, reset=52`, or `RateLimit-Reset: 52`. */
function resetsIn(fields: Parameters<typeof waitsIn>[0], headers: Headers, now: number): number[] {
  const value = headers.get('RateLimit') ?? '';
  const items = itemsOf(value).map(([, parameters]) => parameters);
  const used = items.filter((parameters) => parameters.get('r') === 0);
  const listed = (used.length > 0 ? used : items).map((parameters) => parameters.get('t'));
  const named = orUndefined(() => parseDictionary(value))?.get('reset')?.[0];
  const resets = [...listed, named].flatMap((each) => waitsOf(each, second, now));
  return [...resets, ...waitsIn(fields, 'ratelimitreset', now)];
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
