/** A thing with its place in an unbroken sequence. */
export interface Placed {
  readonly sequence: number;
  /** How much it weighs against the ring's bound. */
  readonly bytes: number;
}

/** The newest things of a sequence, as many as the bound holds. */
export interface Ring<T extends Placed> {
  /** The sequence of the newest thing, kept or not. */
  readonly last: number;
  /** The first sequence that can be read here; `last + 1` when nothing is kept. */
  readonly first: number;
  /** @throws {Error} when it is not the next one */
  push(thing: T): void;
  /** Forgets everything: the next thing comes behind `last`. */
  restart(last: number): void;
  /** What is kept behind `sequence`, oldest first, `limit` at the most. */
  behind(sequence: number, limit: number): T[];
}

/** @param last the place behind which the first thing comes @param bound how many bytes are kept, beside the newest */
export function createRing<T extends Placed>(last: number, bound: number): Ring<T> {
  let things: T[] = [];
  /** How many at the front of `things` are forgotten; they are cut off in one go now and then. */
  let gone = 0;
  let bytes = 0;
  let newest = last;
  const first = () => newest - (things.length - gone) + 1;
  return {
    get last() {
      return newest;
    },
    get first() {
      return first();
    },
    push(thing) {
      if (thing.sequence !== newest + 1) throw new Error(`${thing.sequence} does not follow ${newest}`);
      things.push(thing);
      newest = thing.sequence;
      bytes += thing.bytes;
      while (bytes > bound && things.length - gone > 1) {
        bytes -= things[gone]?.bytes ?? 0;
        gone += 1;
      }
      if (gone > 1_000) {
        things = things.slice(gone);
        gone = 0;
      }
    },
    restart(after) {
      things = [];
      gone = 0;
      bytes = 0;
      newest = after;
    },
    behind(sequence, limit) {
      const from = gone + Math.max(0, sequence + 1 - first());
      return things.slice(from, from + limit);
    },
  };
}
