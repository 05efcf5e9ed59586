import { times } from '@paceline/kit/table';
import type { Policy } from '@paceline/shared/contracts';
import type { Passage } from '../caller.ts';
import { ours, type Variant, variants } from '../contenders/all.ts';
import type { Contender, Limit } from '../contenders/contender.ts';

/** Compares peers that survive a power cut with ours that does, others with ours as it comes; more `goodness` is better. */
export function compare<T extends Variant>(results: readonly T[], goodness: (each: T) => number) {
  const [usual, safest = usual] = results.filter(({ contender }) => contender.name === ours);
  if (!usual || !safest) throw new Error(`nothing was measured of ${ours}`);
  const peers = results.filter(({ contender }) => contender.name !== ours);
  const like = ({ survives }: T) => (survives === 'power cut' ? safest : usual);
  const better = (each: T) => goodness(like(each)) / goodness(each);
  const bestLast = peers.toSorted((a, b) => Number(a.contender.shared) - Number(b.contender.shared));
  return {
    /** Ours as it comes, and when it survives a power cut. */
    usual,
    safest,
    peers,
    /** How many times as good we are as this one, at the same durability; nothing for ourselves. */
    ratio: (each: T) => (each.contender.name === ours ? '' : better(each)),
    /** The same of the one of several that survives most, and serves the most processes. */
    against: against(bestLast, (each) => times(better(each))),
  };
}

/** A contender and what it did. */
export interface ContenderResult<T> {
  readonly contender: Contender;
  readonly result: T;
}

/** Measures all at once: for workloads that are mostly waiting. In the order given. */
export function sideBySide<T>(
  contenders: readonly Contender[],
  measure: (contender: Contender) => Promise<T>,
  say: Say,
): Promise<Array<ContenderResult<T>>> {
  return Promise.all(
    contenders.map(async (contender) => {
      const result = await measure(contender);
      say(`${contender.name} (${contender.as}) done`);
      return { contender, result };
    }),
  );
}

/** What there is to say of each peer, by its name; of several of one name the last counts. */
export const against = <T extends { readonly contender: Contender }>(
  peers: readonly T[],
  says: (each: T) => string,
): Record<string, string> => Object.fromEntries(peers.map((each) => [each.contender.name, says(each)]));

/** Measures one variant after the other: a busy neighbour would be noticed. */
export async function oneByOne<T>(measure: (variant: Variant) => Promise<T>, say: Say): Promise<T[]> {
  const results: T[] = [];
  for (const variant of variants) {
    say(`${variant.contender.name} (${variant.contender.as}), survives ${variant.survives}`);
    results.push(await measure(variant));
  }
  return results;
}

type Say = (line: string) => void;

/** The policy of most workloads: the limiter's five calls a minute, on its faster clock. */
export const policy = { limit: 5, windowMs: 1_000 };

/** A limit for each key. */
export const limitsFor = (
  keys: readonly string[],
  concurrency: number,
  { limit, windowMs }: Policy = policy,
): Limit[] => keys.map((key) => ({ key, calls: limit, windowMs, concurrency }));

/** As many calls as the contender can manage: ours spreads them over accounts whose windows are never full. */
export const endless = ({ home }: Contender): Policy => ({
  ...policy,
  limit: home === 'limiter' ? 5 : Infinity,
});

/** When calls of a key arrived. */
export const arrivalsOf = (passages: readonly Passage[], key: string): number[] =>
  passages.filter(({ job }) => job.key === key).map(({ arrivedAt }) => arrivedAt);

/** Measures a few at a time: for workloads in which a busy neighbour would be noticed. In the order given. */
export async function inGroups<T>(
  contenders: readonly Contender[],
  size: number,
  measure: (contender: Contender) => Promise<T>,
  say: Say,
): Promise<Array<ContenderResult<T>>> {
  const results: Array<ContenderResult<T>> = [];
  for (let from = 0; from < contenders.length; from += size) {
    results.push(...(await sideBySide(contenders.slice(from, from + size), measure, say)));
  }
  return results;
}

/** The columns that say who it is. */
export const who = {
  contender: [({ contender }: { contender: Contender }) => contender.name],
  as: [({ contender }: { contender: Contender }) => contender.as],
} as const;
