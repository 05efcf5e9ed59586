import { spawnSync } from 'node:child_process';

/** The first of these programs that this machine doesn't have; undefined if it has all. Each must know `--version`. */
export const missingProgram = (...names: readonly string[]): string | undefined =>
  names.find((name) => spawnSync(name, ['--version']).status !== 0);
