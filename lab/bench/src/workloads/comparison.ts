import { times } from '@paceline/kit/table';
import { ours, type Variant } from '../contenders/all.ts';
import type { Contender } from '../contenders/contender.ts';

/** Everybody in every place where their state can be kept, beside us. */
interface Comparison<T extends Variant> {
  /** Ours as it comes. */
  readonly usual: T;
  /** Ours when it survives a power cut. */
  readonly safest: T;
  readonly peers: readonly T[];
  /** How many times as good we are as this one, at the same durability; nothing for ourselves. */
  ratio(each: T): number | '';
  /** The same by the name of a peer: the one of several that survives most, and serves the most processes. */
  readonly against: Readonly<Record<string, string>>;
}

/**
 * Peers that survive a power cut are compared with ours that does, the others with ours as it comes.
 * @param goodness more is better
 */
export function compare<T extends Variant>(
  results: readonly T[],
  goodness: (each: T) => number,
): Comparison<T> {
  const [usual, safest = usual] = results.filter(({ contender }) => contender.name === ours);
  if (!usual || !safest) throw new Error(`nothing was measured of ${ours}`);
  const peers = results.filter(({ contender }) => contender.name !== ours);
  const like = ({ survives }: T) => (survives === 'power cut' ? safest : usual);
  const better = (each: T) => goodness(like(each)) / goodness(each);
  const bestLast = peers.toSorted((a, b) => Number(a.contender.shared) - Number(b.contender.shared));
  return {
    usual,
    safest,
    peers,
    ratio: (each) => (each.contender.name === ours ? '' : better(each)),
    against: Object.fromEntries(bestLast.map((each) => [each.contender.name, times(better(each))])),
  };
}

/** A contender and what it did. */
export interface Result<T> {
  readonly contender: Contender;
  readonly result: T;
}

/** Measures all at once: for workloads that are mostly waiting. In the order given. */
export function sideBySide<T>(
  contenders: readonly Contender[],
  measure: (contender: Contender) => Promise<T>,
  say: (line: string) => void,
): Promise<Array<Result<T>>> {
  return Promise.all(
    contenders.map(async (contender) => {
      const result = await measure(contender);
      say(`${contender.name} (${contender.as}) done`);
      return { contender, result };
    }),
  );
}

/** Measures so many at a time: for workloads in which a busy neighbour would be noticed. In the order given. */
export async function inGroups<T>(
  contenders: readonly Contender[],
  size: number,
  measure: (contender: Contender) => Promise<T>,
  say: (line: string) => void,
): Promise<Array<Result<T>>> {
  const results: Array<Result<T>> = [];
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
