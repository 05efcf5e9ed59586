/** Scrambles 32 bits so that neighbours end up far apart. */
function scramble(bits: number): number {
  let h = bits;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 32 bits that depend on nothing but the arguments. `stream` keeps unrelated questions apart. */
export function hash(seed: number, stream: string, ...ids: readonly number[]): number {
  let h = scramble(seed ^ 0x9e3779b9);
  for (let i = 0; i < stream.length; i++) h = Math.imul(h ^ stream.charCodeAt(i), 0x01000193);
  for (const id of ids) h = scramble((Math.imul(h, 31) + id) | 0);
  return scramble(h) >>> 0;
}

/** A number in [0, 1) that depends on nothing but the arguments: the same question has the same answer for ever. */
export const draw = (seed: number, stream: string, ...ids: readonly number[]): number =>
  hash(seed, stream, ...ids) / 2 ** 32;

/** Many draws of one kind, cheaper than `draw`: always the same sequence for the same arguments. */
export function sequence(seed: number, stream: string, ...ids: readonly number[]): () => number {
  let state = hash(seed, stream, ...ids);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (scramble(state) >>> 0) / 2 ** 32;
  };
}

/** Stretches a draw to [low, high). */
export const between = (drawn: number, low: number, high: number): number => low + drawn * (high - low);

/** Turns a draw into one of the items of a list that is not empty. */
export const pick = <Item>(drawn: number, items: readonly Item[]): Item =>
  items[Math.floor(drawn * items.length)] as Item;
