import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end and returns what it printed. @throws {Error} when it fails */
export const run = async ([program = '', ...args]: readonly string[]): Promise<string> =>
  (await execute(program, args, { timeout: 20_000 })).stdout;

export const succeeds = (command: readonly string[]): Promise<boolean> =>
  run(command).then(
    () => true,
    () => false,
  );
