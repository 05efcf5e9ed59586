import type { Inflicted, Signs } from './evidence.ts';
import type { FaultKind } from './fault.ts';

/** How long it took until all was well after a fault. */
export interface Recovery {
  readonly kind: FaultKind;
  /** Real ms; undefined: it never was. */
  readonly took: number | undefined;
}

const firstAt = (moments: readonly number[], from: number): number | undefined =>
  moments.find((moment) => moment >= from);

/**
 * How long each fault was felt after it was healed: until every service was ready, something that was asked for was
 * accepted, and a call was made with a permit. What overlaps with it, or begins before it is over, is waited for too:
 * faults that are felt at once are over at once.
 */
export function recoveries(inflicted: readonly Inflicted[], signs: Signs): Recovery[] {
  const inOrder = inflicted.toSorted((a, b) => a.began - b.began);
  const result: Recovery[] = [];
  for (let index = 0; index < inOrder.length;) {
    const group: Inflicted[] = [];
    let healed = 0;
    let well: number | undefined = 0;
    do {
      const each = inOrder[index] as Inflicted;
      group.push(each);
      index += 1;
      healed = Math.max(healed, each.healed);
      well = allWell(signs, healed);
    } while (index < inOrder.length && (inOrder[index] as Inflicted).began <= (well ?? Infinity));
    const took = well === undefined ? undefined : well - healed;
    // Who was healed before the others of a group was felt no longer than they.
    result.push(...group.map(({ fault }) => ({ kind: fault.kind, took })));
  }
  return result;
}

function allWell({ ready, accepted, called }: Signs, from: number): number | undefined {
  const firsts = [ready, accepted, called].map((moments) => firstAt(moments, from));
  return firsts.includes(undefined) ? undefined : Math.max(...(firsts as number[]));
}
