import { between, sequence } from '@paceline/sandbox';

/** Chance that is the same for a seed and a purpose, on every machine. */
export interface Dice {
  /** A whole number, both ends included. */
  whole(low: number, high: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** `count` different ones, or all there are. */
  some<Item>(items: readonly Item[], count: number): Item[];
  shuffled<Item>(items: readonly Item[]): Item[];
}

export function createDice(seed: number, purpose: string): Dice {
  const draw = sequence(seed, purpose);
  const whole = (low: number, high: number) => Math.floor(between(draw(), low, high + 1));
  const shuffled = <Item>(items: readonly Item[]): Item[] => {
    const left = [...items];
    return items.map(() => left.splice(whole(0, left.length - 1), 1)[0] as Item);
  };
  return {
    whole,
    pick: (items) => items[whole(0, items.length - 1)] as never,
    some: (items, count) => shuffled(items).slice(0, count),
    shuffled,
  };
}
