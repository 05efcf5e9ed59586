import { mkdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

// Preloaded (`--import`) by the processes of a chaos run: shifts this process's wall clock by the ms in the file named
// after its pid.
const folder = process.env.CHAOS_CLOCKS;
if (folder) {
  const Real = Date;
  let offset = 0;
  const readOffset = () => {
    try {
      offset = Number(readFileSync(join(folder, String(process.pid)), 'utf8')) || 0;
    } catch {
      offset = 0;
    }
  };
  mkdirSync(folder, { recursive: true });
  watch(folder, { persistent: false }, readOffset);
  readOffset();

  class Shifted extends Real {
    constructor(...given: [] | ConstructorParameters<typeof Date>) {
      if (given.length === 0) super(Shifted.now());
      else super(...(given as [string]));
    }
    static override now(): number {
      // oxlint-disable-next-line no-restricted-properties -- this is the clock being shifted
      return Real.now() + offset;
    }
  }
  globalThis.Date = Shifted as DateConstructor;
}
