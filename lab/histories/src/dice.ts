/** Chance that is the same for a seed (a Lehmer generator). */
export interface Dice {
  /** A whole number from 0 up to `most`. */
  upTo(most: number): number;
  /** True in `share` of the cases. */
  says(share: number): boolean;
}

export function createDice(seed: number): Dice {
  let state = (seed % 2_147_483_646) + 1;
  const roll = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  roll();
  return {
    upTo: (most) => Math.floor(roll() * (most + 1)),
    says: (share) => roll() < share,
  };
}
