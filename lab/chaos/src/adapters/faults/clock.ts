import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forEach, type Inflict } from './inflict.ts';

/** The wall clock of a process is set, by project minutes, and set right again. Its timers go on as they would. */
export const clockJump: Inflict = async (stage, { targets, amount }) => {
  const files = targets
    .map((target) => stage.process(target).pid())
    .filter((pid) => pid !== undefined)
    .map((pid) => join(stage.clocks, String(pid)));
  await forEach(files, (file) => writeFile(file, String(stage.clock.toMachine(amount * 60_000))));
  return () => forEach(files, (file) => rm(file, { force: true }));
};
