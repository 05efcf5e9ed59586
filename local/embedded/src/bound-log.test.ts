import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { putAside } from './bound-log.ts';
import { type Child, spawnChild } from './child.ts';
import { makeTempDir, removeAll } from './files.ts';
import { poll } from './poll.ts';

let dir: string;
let child: Child | undefined;
beforeEach(async () => {
  dir = await makeTempDir(tmpdir(), 'paceline-log');
});
afterEach(async () => {
  await child?.stop();
  await removeAll(dir);
});

it('a log that has grown too large is put aside while its program goes on writing', async () => {
  const logFile = join(dir, 'log');
  const command = ['sh', '-c', 'while :; do echo one line of sixteen; sleep 0.001; done'];
  child = await spawnChild({ command, logFile, stopSignal: 'SIGKILL' });
  const grown = (file: string) =>
    poll(
      async () => {
        const { size } = await stat(file);
        if (size < 300) throw new Error(`${file} has ${size} bytes`);
      },
      { timeoutMs: 60_000 },
    );
  await grown(logFile);
  await putAside(logFile, 100_000);
  await expect(stat(`${logFile}.1`)).rejects.toThrow('ENOENT');
  await putAside(logFile, 100);
  expect(await readFile(`${logFile}.1`, 'utf8')).toMatch(/^(one line of sixteen\n){10,}$/);
  // Where a program does not append, the new file begins with a hole as large as what was put aside.
  await grown(logFile);
  expect(await readFile(logFile, 'utf8')).toMatch(/^(one line of sixteen\n)+$/);
});
