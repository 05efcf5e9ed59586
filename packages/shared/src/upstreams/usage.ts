import { parseDictionary } from 'structured-headers';
import { z } from 'zod';
import type { Usage } from '../contracts/index.ts';
import type { Counter, Dialect } from './dialect.ts';
import { itemsOf, orUndefined } from './waits.ts';

/**
 * What an answer's headers say about the usage of the budgets that its call counts in; those that they don't name are
 * missing. They can be wrong in any way, so the limiter doubts them.
 */
export function readUsage({ counters }: Dialect, budgets: readonly string[], headers: Headers): Usage[] {
  const read = counters
    ? counters.flatMap((each) => countersIn(each, headers))
    : [...rateLimitItems(budgets, headers), ...usualCounters(budgets, headers)];
  return budgets.flatMap((name) => read.find(({ budget }) => budget === name) ?? []);
}

/** An upstream that says nothing else can only mean the one budget that its call counts in. */
const usualNames = [
  { limit: 'X-RateLimit-Limit', used: 'X-RateLimit-Used', remaining: 'X-RateLimit-Remaining' },
  { limit: 'X-Rate-Limit-Limit', used: 'X-Rate-Limit-Used', remaining: 'X-Rate-Limit-Remaining' },
  { limit: 'RateLimit-Limit', remaining: 'RateLimit-Remaining' },
];

const usualCounters = (budgets: readonly string[], headers: Headers): Usage[] =>
  budgets.length === 1
    ? usualNames.flatMap((names) => countersIn({ budgets: [...budgets], ...names }, headers))
    : [];

function countersIn({ budgets, ...names }: Counter, headers: Headers): Usage[] {
  const [limits, used, remaining] = [names.limit, names.used, names.remaining].map((name) =>
    countsOf(name, headers, budgets.length),
  );
  return budgets.flatMap((budget, index) =>
    usageOf(budget, { limit: limits?.[index], used: used?.[index], remaining: remaining?.[index] }),
  );
}

const count = z.coerce.number().int().min(0).max(1e9);

/** The numbers of a header; none unless it has as many as there are budgets. */
function countsOf(name: string | undefined, headers: Headers, length: number): Array<number | undefined> {
  const values = (name === undefined ? null : headers.get(name))?.split(',') ?? [];
  return values.length === length ? values.map((value) => countIn(value.trim() || undefined)) : [];
}

const countIn = (value: unknown): number | undefined =>
  value === undefined ? undefined : count.safeParse(value).data;

const usageOf = (budget: string, { limit, used, remaining }: Omit<Usage, 'budget'>): Usage[] =>
  used === undefined && remaining === undefined
    ? []
    : [
        {
          budget,
          ...(limit !== undefined && { limit }),
          ...(used !== undefined && { used }),
          ...(remaining !== undefined && { remaining }),
        },
      ];

/** `RateLimit: "name";r=9` with `RateLimit-Policy: "name";q=10`, or `RateLimit: limit=10, remaining=9` of an earlier draft. */
function rateLimitItems(budgets: readonly string[], headers: Headers): Usage[] {
  const [only, ...others] = budgets;
  if (only === undefined) return [];
  const value = headers.get('RateLimit') ?? '';
  const quotas = new Map(
    itemsOf(headers.get('RateLimit-Policy') ?? '').map(([name, parameters]) => [name, parameters.get('q')]),
  );
  const items = itemsOf(value).filter(([, parameters]) => parameters.has('r'));
  const named = items.flatMap(([name, parameters]) => {
    const budget =
      budgets.find((each) => each === name) ?? (items.length === 1 && others.length === 0 ? only : undefined);
    const numbers = { limit: countIn(quotas.get(name)), remaining: countIn(parameters.get('r')) };
    return budget === undefined ? [] : usageOf(budget, numbers);
  });
  if (named.length > 0 || others.length > 0) return named;
  const fields = orUndefined(() => parseDictionary(value));
  const [limit, remaining] = ['limit', 'remaining'].map((name) => countIn(fields?.get(name)?.[0]));
  return usageOf(only, { limit, remaining });
}
