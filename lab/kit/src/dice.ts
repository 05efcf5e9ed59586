import { between, sequence } from '@paceline/sandbox';

export type Dice = ReturnType<typeof createDice>;

/** Chance that is the same for a seed and a purpose, on every machine. */
export function createDice(seed: number, purpose: string) {
  const draw = sequence(seed, purpose);
  const whole = (low: number, high: number) => Math.floor(between(draw(), low, high + 1));
  const shuffled = <Item>(items: readonly Item[]): Item[] => {
    const left = [...items];
    return items.map(() => left.splice(whole(0, left.length - 1), 1)[0] as Item);
  };
  return {
    /** A whole number, both ends included. */
    whole,
    /** True in `share` of the cases. */
    says: (share: number) => draw() < share,
    pick: <Item>(items: readonly Item[]) => items[whole(0, items.length - 1)] as Item,
    /** `count` different ones, or all there are. */
    some: <Item>(items: readonly Item[], count: number) => shuffled(items).slice(0, count),
    shuffled,
  };
}
