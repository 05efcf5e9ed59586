import { type Item, parseDictionary, parseList } from 'structured-headers';
import { longestWait } from './answers.ts';

const second = 1_000;
const minute = 60_000;

export type Field = readonly [name: string, value: unknown];

/** Where any upstream may name a wait, by the letters of the header or field without a leading X, and the unit of a plain number. */
const usualWaits: Readonly<Record<string, number>> = {
  retryafter: second,
  retryafterseconds: second,
  retryafterms: 1,
};
/** Where it may name the reset of its window. */
const usualResets: Readonly<Record<string, number>> = {
  ratelimitreset: second,
  ratelimitresetafter: second,
  ratelimitresetms: 1,
};

const lettersOf = (name: string): string => name.toLowerCase().replaceAll(/^x-|[^a-z]/g, '');

/** Waits in ms of the headers and fields that name one. @param more names of one upstream, and their units in ms */
export function waitsIn(
  fields: readonly Field[],
  more: Readonly<Record<string, number>>,
  now: number,
): number[] {
  const own = Object.fromEntries(Object.entries(more).map(([name, unit]) => [lettersOf(name), unit]));
  return namedWaits(fields, { ...usualWaits, ...own }, now);
}

const namedWaits = (
  fields: readonly Field[],
  units: Readonly<Record<string, number>>,
  now: number,
): number[] =>
  fields.flatMap(([name, value]) => {
    const letters = lettersOf(name);
    const unit = Object.hasOwn(units, letters) ? units[letters] : undefined;
    return unit === undefined ? [] : waitsOf(value, unit, now);
  });

/** The longest wait, so that no call is early by any of them; one that can't be meant counts only alone. */
export function longestPlausible(waits: readonly number[], windowMs?: number): number | undefined {
  if (waits.length === 0) return undefined;
  const plausible = waits.filter((wait) => wait <= longestWait(windowMs));
  return plausible.length > 0 ? Math.max(...plausible) : Math.min(...waits);
}

/** Waits until the reset: `"name";r=0;t=52`, or `limit=5, remaining=0, reset=52`, or `RateLimit-Reset: 52`. */
export function resetsIn(fields: readonly Field[], headers: Headers, now: number): number[] {
  const value = headers.get('RateLimit') ?? '';
  const items = itemsOf(value).map(([, parameters]) => parameters);
  const used = items.filter((parameters) => parameters.get('r') === 0);
  const listed = (used.length > 0 ? used : items).map((parameters) => parameters.get('t'));
  const named = orUndefined(() => parseDictionary(value))?.get('reset')?.[0];
  const resets = [...listed, named].flatMap((each) => waitsOf(each, second, now));
  return [...resets, ...namedWaits(fields, usualResets, now)];
}

/** Between several values; a date can hold commas of its own. */
const separator = /(?<!(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*)[,;](?! ?(?:\d{4} )?\d\d:\d\d)/i;

/** The waits in a value, which can be in quotes, duplicated or followed by parameters. @param unit of a plain number */
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
export function dateIn(text: string): number | undefined {
  const date = Date.parse(/[a-z]$|[+-]\d\d:?\d\d$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(date) ? undefined : date;
}

/** The time of a number that is too large for a wait: a Unix time in ms, or in seconds (from 2001 on) if they are the unit. */
function unixTime(count: number, unit: number): number | undefined {
  if (count >= 1e12) return count;
  return count >= 1e9 && unit === second ? count * second : undefined;
}

/** The items of a structured list; none if it isn't one. */
export const itemsOf = (value: string): Item[] =>
  (orUndefined(() => parseList(value)) ?? []).filter((member): member is Item => !Array.isArray(member[0]));

export function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}
