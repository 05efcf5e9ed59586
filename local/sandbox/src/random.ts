/** Scrambles 32 bits so that similar inputs give unrelated results. */
function scramble(bits: number): number {
  let h = bits;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A 32-bit hash of the arguments. `stream` separates unrelated uses. */
export function hash(seed: number, stream: string, ...ids: readonly number[]): number {
  let h = scramble(seed ^ 0x9e3779b9);
  for (let i = 0; i < stream.length; i++) h = Math.imul(h ^ stream.charCodeAt(i), 0x01000193);
  for (const id of ids) h = scramble((Math.imul(h, 31) + id) | 0);
  return scramble(h) >>> 0;
}

/** A number in [0, 1), always the same for the same arguments. */
export const draw = (seed: number, stream: string, ...ids: readonly number[]): number =>
  hash(seed, stream, ...ids) / 2 ** 32;

/** A sequence of draws, cheaper than `draw` and always the same for the same arguments. */
export function sequence(seed: number, stream: string, ...ids: readonly number[]): () => number {
  let state = hash(seed, stream, ...ids);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (scramble(state) >>> 0) / 2 ** 32;
  };
}

/** Scales a draw to [low, high). */
export const between = (drawn: number, low: number, high: number): number => low + drawn * (high - low);

/** Picks an item of a non-empty list by a draw. */
export const pick = <Item>(drawn: number, items: readonly Item[]): Item =>
  items[Math.floor(drawn * items.length)] as Item;
