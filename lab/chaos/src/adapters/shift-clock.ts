import { mkdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

// Loaded before anything else by the processes of a chaos run (`--import`): the wall clock of this process is off by as
// many ms as the file that is named after its pid says.
const folder = process.env.CHAOS_CLOCKS;
if (folder) {
  const Real = Date;
  let offset = 0;
  const look = () => {
    try {
      offset = Number(readFileSync(join(folder, String(process.pid)), 'utf8')) || 0;
    } catch {
      offset = 0;
    }
  };
  mkdirSync(folder, { recursive: true });
  watch(folder, { persistent: false }, look);
  look();

  class Shifted extends Real {
    constructor(...given: [] | ConstructorParameters<typeof Date>) {
      if (given.length === 0) super(Shifted.now());
      else super(...(given as [string]));
    }
    static override now(): number {
      // oxlint-disable-next-line no-restricted-properties -- the clock itself is what is set here
      return Real.now() + offset;
    }
  }
  globalThis.Date = Shifted as DateConstructor;
}
