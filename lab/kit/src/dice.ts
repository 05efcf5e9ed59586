import { between, sequence } from '@paceline/sandbox';

export type Dice = ReturnType<typeof createDice>;

/** Random draws that are the same for a seed and a purpose on every machine. */
export function createDice(seed: number, purpose: string) {
  const draw = sequence(seed, purpose);
  const whole = (low: number, high: number) => Math.floor(between(draw(), low, high + 1));
  const shuffled = <Item>(items: readonly Item[]): Item[] => {
    const rest = [...items];
    return items.map(() => rest.splice(whole(0, rest.length - 1), 1)[0] as Item);
  };
  return {
    /** A whole number from `low` to `high`, both included. */
    whole,
    /** True with probability `share`. */
    chance: (share: number) => draw() < share,
    pick: <Item>(items: readonly Item[]) => items[whole(0, items.length - 1)] as Item,
    /** `count` different items, or all if there are fewer. */
    some: <Item>(items: readonly Item[], count: number) => shuffled(items).slice(0, count),
    shuffled,
  };
}
