import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotateLog, spawnChild, pollWhileRunning } from './child.ts';
import { makeTempDir, removeAll } from './files.ts';
import { commandOf, findOnPath, poll } from './system.ts';

let dir: string;
beforeEach(async () => {
  dir = await makeTempDir(tmpdir(), 'paceline-child');
});
afterEach(() => removeAll(dir));

const start = (command: string[]) =>
  spawnChild({ command, logFile: join(dir, 'log'), stopSignal: 'SIGTERM' });

describe('a child process', () => {
  it('exits with its stop signal, however often it is stopped', async () => {
    const child = await start(['sleep', '60']);
    await Promise.all([child.stop(), child.stop()]);
    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
    await child.stop();
  });

  it('logs the output of its last start', async () => {
    for (const word of ['first', 'second']) {
      const child = await start(['sh', '-c', `echo ${word}; echo and why >&2; exit 3`]);
      expect(await child.exited).toEqual({ code: 3, signal: null });
    }
    expect(await readFile(join(dir, 'log'), 'utf8')).toBe('second\nand why\n');
  });

  it('appends to its log with keepLog, and runs with the given environment', async () => {
    const env = { ...process.env, WORD: 'given' };
    const options = {
      command: ['sh', '-c', 'echo $WORD'],
      logFile: join(dir, 'log'),
      stopSignal: 'SIGTERM',
    } as const;
    for (const keepLog of [false, true]) await (await spawnChild({ ...options, env, keepLog })).exited;
    expect(await readFile(join(dir, 'log'), 'utf8')).toBe('given\ngiven\n');
  });

  it('ends polling as soon as it exits', async () => {
    const child = await start(['sh', '-c', 'exit 7']);
    const never = () => Promise.reject(new Error('not yet'));
    await expect(pollWhileRunning(child, never, 60_000)).rejects.toThrow('exited with code 7');
  });

  it('has its own process group, so that Ctrl-C does not reach it', async () => {
    const child = await start(['sleep', '60']);
    process.kill(-child.pid, 'SIGINT');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGINT' });
  });

  it('rejects when its program cannot be started', async () => {
    const options = { logFile: join(dir, 'log'), stopSignal: 'SIGTERM' } as const;
    await expect(spawnChild({ ...options, command: ['sleep'], through: ['/no/such/thing'] })).rejects.toThrow(
      'ENOENT',
    );
  });

  it.runIf(process.platform === 'linux')('dies with its parent, even when the parent is killed', async () => {
    const { parent, pid } = await startFamily(process.env.PATH ?? '');
    parent.kill('SIGKILL');
    await poll(async () => expect(await commandOf(pid)).toBe(''), { timeoutMs: 60_000 });
  });

  it('dies with a parent that exits, even without setpriv', async () => {
    await symlink((await findOnPath('sleep')) ?? '', join(dir, 'sleep'));
    const { parent, pid } = await startFamily(dir);
    parent.kill('SIGUSR2');
    await poll(async () => expect(await commandOf(pid)).toBe(''), { timeoutMs: 60_000 });
  });
});

it('rotates a log that is too large while its program keeps writing', async () => {
  const logFile = join(dir, 'log');
  const command = ['sh', '-c', 'while :; do echo one line of sixteen; sleep 0.001; done'];
  const child = await spawnChild({ command, logFile, stopSignal: 'SIGKILL' });
  const grown = (file: string) =>
    poll(
      async () => {
        const { size } = await stat(file);
        if (size < 300) throw new Error(`${file} has ${size} bytes`);
      },
      { timeoutMs: 60_000 },
    );
  await grown(logFile);
  await rotateLog(logFile, 100_000);
  await expect(stat(`${logFile}.1`)).rejects.toThrow('ENOENT');
  await rotateLog(logFile, 100);
  expect(await readFile(`${logFile}.1`, 'utf8')).toMatch(/^(one line of sixteen\n){10,}$/);
  // Without append mode, the emptied file would start with a hole as large as the rotated part.
  await grown(logFile);
  expect(await readFile(logFile, 'utf8')).toMatch(/^(one line of sixteen\n)+$/);
  await child.stop();
});

/** Starts a process, which exits on SIGUSR2, with a child of its own. */
async function startFamily(path: string): Promise<{ parent: ChildProcess; pid: string }> {
  const script = `
    import { spawnChild } from '${new URL('./child.ts', import.meta.url).href}';
    process.on('SIGUSR2', () => process.exit());
    const log = { logFile: '${join(dir, 'log')}', stopSignal: 'SIGTERM' };
    console.log((await spawnChild({ ...log, command: ['sleep', '60'] })).pid);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: path },
  });
  const [pid = ''] = (await once(createInterface(parent.stdout), 'line')) as string[];
  await poll(async () => expect(await commandOf(pid)).toBe('sleep 60'), { timeoutMs: 60_000 });
  return { parent, pid };
}
