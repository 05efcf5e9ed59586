import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { configExitCode } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import type { SimulationResult } from './core/result.ts';
import { simulate, strategyNames } from './core/simulate.ts';
import { run, type SimulateAll } from './run.ts';

const inTurn: SimulateAll = (scenario, names) =>
  Promise.resolve(names.map((name) => simulate(scenario, name)));
const short = fileURLToPath(new URL('../scenarios/short.json', import.meta.url));

async function runCommand(args: readonly string[]) {
  const lines: string[] = [];
  const errors: string[] = [];
  const output = { out: (text: string) => lines.push(text), error: (text: string) => errors.push(text) };
  const exitCode = await run(args, output, inTurn);
  return { exitCode, out: lines.join('\n'), error: errors.join('\n') };
}

describe('npm run simulate', () => {
  it('prints all strategies side by side', async () => {
    const { exitCode, out } = await runCommand(['--scenario', short, '--days', '0.05']);
    expect(exitCode).toBe(0);
    for (const name of strategyNames) expect(out.split('\n')[0]).toContain(` ${name} `);
    expect(out).toContain('| 429s');
    expect(out).toContain('| manual add, max');
  });

  it('prints one strategy as JSON, the same every time', async () => {
    const args = ['--scenario', short, '--strategy', 'paceline', '--json', '--days', '0.05'];
    const { out } = await runCommand(args);
    const { days, strategies } = JSON.parse(out) as {
      days: number;
      strategies: Record<string, SimulationResult>;
    };
    expect(days).toBe(0.05);
    expect(Object.keys(strategies)).toEqual(['paceline']);
    expect(strategies['paceline']?.budgets.signups?.rejected).toBe(0);
    expect((await runCommand(args)).out).toBe(out);
    expect((await runCommand([...args, '--seed', '8'])).out).not.toBe(out);
  });

  it.each([
    [[], '--scenario is missing'],
    [
      ['--scenario', short, '--strategy', 'E'],
      '--strategy must be one of all, uncoordinated, A, B, C, D, paceline',
    ],
    [['--scenario', short, '--seed', 'x'], '--seed must be a number'],
    [['--scenario', short, '--unknown'], 'unknown'],
  ])('prints the problem and the usage for %j', async (args, problem) => {
    const { exitCode, out, error } = await runCommand(args);
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(error).toContain(problem);
    expect(error).toContain('npm run simulate');
  });

  it('reports an invalid scenario', async () => {
    const missing = await runCommand(['--scenario', 'nowhere.json']);
    expect(missing).toMatchObject({ exitCode: configExitCode, out: '' });
    expect(missing.error).toContain('nowhere.json');
    expect(await runCommand(['--scenario', short, '--days', '0'])).toMatchObject({
      exitCode: configExitCode,
    });
  });

  it('runs as a process that simulates in threads', () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const args = [main, '--scenario', short, '--days', '0.05', '--strategy', 'C', '--json'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(Object.keys((JSON.parse(stdout) as { strategies: object }).strategies)).toEqual(['C']);
  });
});
