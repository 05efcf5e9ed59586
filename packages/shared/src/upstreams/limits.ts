import { z } from 'zod';
import { maxWindowMs, type Policy, policy } from '../contracts/index.ts';
import { answerRules, kindOf, longestReportedWindow, strictestOf } from './answers.ts';
import type { Dialect } from './dialect.ts';
import { dateIn, itemsOf, longestPlausible, orUndefined, resetsIn, waitsIn } from './waits.ts';

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
 * Reads the limits and the wait that an answer names, in any form known from APIs of this kind and in the upstream's own.
 * @param now project ms; only used if the answer has no `Date`
 */
export function readLimits(
  { policy: named, waits: ownWaits }: Dialect,
  status: number,
  headers: Headers,
  text: string,
  now: number,
): ReportedLimits {
  const advertised = strictestOf(policiesIn(headers));
  const base = advertised ? { advertised } : {};
  const kind = kindOf(status, text);
  if (answerRules[kind].pause === 'no') return base;
  const objects = objectsOf(orUndefined((): unknown => JSON.parse(text)));
  const learned =
    named && kind === 'rate_limited'
      ? objects.map((each) => policyOfBody(each, named)).find((each) => each !== undefined)
      : undefined;
  const fields = [...headers, ...objects.flatMap((each) => Object.entries(each))];
  const at = dateIn(headers.get('Date') ?? '') ?? now;
  const waits = waitsIn(fields, ownWaits, at);
  // A reset of the window counts only where nothing else is said about a 429.
  const counted = waits.length > 0 || kind !== 'rate_limited' ? waits : resetsIn(fields, headers, at);
  const wait = longestPlausible(counted, learned?.windowMs);
  return {
    ...base,
    ...(learned && { learned }),
    ...(wait !== undefined && { retryAfterMs: Math.min(wait, maxWindowMs) }),
  };
}

const second = 1_000;

const number = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().positive())
  .catch(Number.NaN);

type Fields = Readonly<Record<string, unknown>>;

const policyOfBody = (
  body: Fields,
  { limit, window, unit }: NonNullable<Dialect['policy']>,
): Policy | undefined =>
  policyOf(number.parse(valueAt(body, limit)), number.parse(valueAt(body, window)) * unit);

const valueAt = (body: Fields, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), body);

/** The objects of a body in which its fields can be: itself, and those right inside it, such as `error`. */
const objectsOf = (body: unknown): Fields[] =>
  isObject(body) ? [body, ...Object.values(body).filter(isObject)] : [];

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

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
