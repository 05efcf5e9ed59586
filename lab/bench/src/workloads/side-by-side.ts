import type { Contender } from '../contenders/contender.ts';

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
