import { times } from '@paceline/kit/table';
import type { Policy } from '@paceline/shared/contracts';
import type { CallRecord } from '../caller.ts';
import { ours, type Variant, variants } from '../contenders/all.ts';
import type { Contender, ContenderLimit } from '../contenders/contender.ts';

/** Compares peers that survive a power cut with our default, others with our relaxed setting; higher `goodness` is better. */
export function compare<T extends Variant>(results: readonly T[], goodness: (each: T) => number) {
  const [relaxed, safest = relaxed] = results.filter(({ contender }) => contender.name === ours);
  if (!relaxed || !safest) throw new Error(`no result for ${ours}`);
  const peers = results.filter(({ contender }) => contender.name !== ours);
  const like = ({ survives }: T) => (survives === 'power cut' ? safest : relaxed);
  const better = (each: T) => goodness(like(each)) / goodness(each);
  const bestLast = peers.toSorted((a, b) => Number(a.contender.shared) - Number(b.contender.shared));
  return {
    /** Ours with the relaxed setting, and by default, which survives a power cut. */
    relaxed,
    safest,
    peers,
    /** How many times as good we are at the same durability; empty for ours. */
    ratio: (each: T) => (each.contender.name === ours ? '' : better(each)),
    /** The same by peer name, for its most durable variant that serves the most processes. */
    against: against(bestLast, (each) => times(better(each))),
  };
}

export interface ContenderResult<T> {
  readonly contender: Contender;
  readonly result: T;
}

/** Measures all at once, for workloads that mostly wait. @returns results in the given order */
export function sideBySide<T>(
  contenders: readonly Contender[],
  measure: (contender: Contender) => Promise<T>,
  report: Report,
): Promise<Array<ContenderResult<T>>> {
  return Promise.all(
    contenders.map(async (contender) => {
      const result = await measure(contender);
      report(`${contender.name} (${contender.as}) done`);
      return { contender, result };
    }),
  );
}

/** Text by peer name; of several with one name the last counts. */
export const against = <T extends { readonly contender: Pick<Contender, 'name'> }>(
  peers: readonly T[],
  textOf: (each: T) => string,
): Record<string, string> => Object.fromEntries(peers.map((each) => [each.contender.name, textOf(each)]));

/** Measures one variant after the other, because parallel load would distort the result. */
export async function oneByOne<T>(measure: (variant: Variant) => Promise<T>, report: Report): Promise<T[]> {
  const results: T[] = [];
  for (const variant of variants) {
    report(`${variant.contender.name} (${variant.contender.as}), survives ${variant.survives}`);
    results.push(await measure(variant));
  }
  return results;
}

type Report = (line: string) => void;

/** The policy of most workloads: five calls per minute on the limiter's faster clock. */
export const policy = { limit: 5, windowMs: 1_000 };

export const limitsFor = (
  keys: readonly string[],
  concurrency: number,
  { limit, windowMs }: Policy = policy,
): ContenderLimit[] => keys.map((key) => ({ key, calls: limit, windowMs, concurrency }));

/** As many calls as the contender can make; ours spreads them over accounts whose windows are never full. */
export const endless = ({ home }: Contender): Policy => ({
  ...policy,
  limit: home === 'limiter' ? 5 : Infinity,
});

/** When calls of a key arrived. */
export const arrivalsOf = (calls: readonly CallRecord[], key: string): number[] =>
  calls.filter(({ job }) => job.key === key).map(({ arrivedAt }) => arrivedAt);

/** Measures `size` at a time, for workloads that parallel load would distort. @returns results in the given order */
export async function inGroups<T>(
  contenders: readonly Contender[],
  size: number,
  measure: (contender: Contender) => Promise<T>,
  report: Report,
): Promise<Array<ContenderResult<T>>> {
  const results: Array<ContenderResult<T>> = [];
  for (let from = 0; from < contenders.length; from += size) {
    results.push(...(await sideBySide(contenders.slice(from, from + size), measure, report)));
  }
  return results;
}

/** Columns that identify the contender. */
export const contenderColumns = {
  contender: [({ contender }: { contender: Pick<Contender, 'name'> }) => contender.name],
  as: [({ contender }: { contender: Pick<Contender, 'as'> }) => contender.as],
} as const;
