import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { configExitCode } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import type { Result } from './core/result.ts';
import { simulate, strategyNames } from './core/simulate.ts';
import { run, type SimulateAll } from './run.ts';

const inTurn: SimulateAll = (scenario, names) =>
  Promise.resolve(names.map((name) => simulate(scenario, name)));
const short = fileURLToPath(new URL('../scenarios/short.json', import.meta.url));

async function simulated(args: readonly string[]) {
  const lines: string[] = [];
  const errors: string[] = [];
  const output = { out: (text: string) => lines.push(text), error: (text: string) => errors.push(text) };
  const exitCode = await run(args, output, inTurn);
  return { exitCode, out: lines.join('\n'), error: errors.join('\n') };
}

describe('npm run simulate', () => {
  it('puts all strategies side by side', async () => {
    const { exitCode, out } = await simulated(['--scenario', short, '--days', '0.05']);
    expect(exitCode).toBe(0);
    for (const name of strategyNames) expect(out.split('\n')[0]).toContain(` ${name} `);
    expect(out).toContain('| 429s');
    expect(out).toContain('| manual add, longest');
  });

  it('tells one strategy as JSON, the same every time', async () => {
    const asked = ['--scenario', short, '--strategy', 'paceline', '--json', '--days', '0.05'];
    const { out } = await simulated(asked);
    const { days, strategies } = JSON.parse(out) as { days: number; strategies: Record<string, Result> };
    expect(days).toBe(0.05);
    expect(Object.keys(strategies)).toEqual(['paceline']);
    expect(strategies['paceline']?.budgets.signups?.rejected).toBe(0);
    expect((await simulated(asked)).out).toBe(out);
    expect((await simulated([...asked, '--seed', '8'])).out).not.toBe(out);
  });

  it.each([
    [[], '--scenario is missing'],
    [
      ['--scenario', short, '--strategy', 'E'],
      '--strategy must be one of all, uncoordinated, A, B, C, D, paceline',
    ],
    [['--scenario', short, '--seed', 'x'], '--seed must be a number'],
    [['--scenario', short, '--unknown'], 'unknown'],
  ])('called wrongly with %j says how it is meant', async (args, problem) => {
    const { exitCode, out, error } = await simulated(args);
    expect(exitCode).toBe(2);
    expect(out).toBe('');
    expect(error).toContain(problem);
    expect(error).toContain('npm run simulate');
  });

  it('says what is wrong with the scenario', async () => {
    const missing = await simulated(['--scenario', 'nowhere.json']);
    expect(missing).toMatchObject({ exitCode: configExitCode, out: '' });
    expect(missing.error).toContain('nowhere.json');
    expect(await simulated(['--scenario', short, '--days', '0'])).toMatchObject({ exitCode: configExitCode });
  });

  it('lets strategies live in threads, as a program of its own', () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const args = [main, '--scenario', short, '--days', '0.05', '--strategy', 'C', '--json'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(Object.keys((JSON.parse(stdout) as { strategies: object }).strategies)).toEqual(['C']);
  });
});
