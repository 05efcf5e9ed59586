import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { configExitCode } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import type { Bound } from './core/bound/bound.ts';
import { boundOfDay } from './core/bound/days.ts';
import type { SimulationResult } from './core/result.ts';
import { simulate, strategyNames } from './core/simulate.ts';
import { type Lab, run } from './run.ts';
import { loadSolver } from './solver.ts';

const inTurn: Lab = {
  simulateAll: (simulations) =>
    Promise.resolve(simulations.map(({ scenario, strategy }) => simulate(scenario, strategy))),
  async boundDays(days) {
    const solve = await loadSolver();
    return days.map(({ scenario, day }) => boundOfDay(scenario, day, solve));
  },
};
const short = fileURLToPath(new URL('../scenarios/short.json', import.meta.url));

interface SeedJson {
  readonly seed: number;
  readonly days: number;
  readonly strategies: Readonly<Record<string, SimulationResult>>;
  readonly bound?: Bound;
}

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

  it('prints the results of each seed as JSON, the same every time', async () => {
    const args = [
      '--scenario',
      short,
      '--strategy',
      'paceline',
      '--json',
      '--days',
      '0.05',
      '--seeds',
      '7-8',
    ];
    const { out } = await runCommand(args);
    const [seven, eight, ...more] = JSON.parse(out) as SeedJson[];
    expect(more).toEqual([]);
    expect(seven).toMatchObject({ seed: 7, days: 0.05 });
    expect(Object.keys(seven?.strategies ?? {})).toEqual(['paceline']);
    expect(seven?.strategies['paceline']?.budgets.signups?.rejected).toBe(0);
    expect(eight?.strategies).not.toEqual(seven?.strategies);
    expect((await runCommand(args)).out).toBe(out);
  });

  it('prints the worst of several seeds in each row, with its number where they differ', async () => {
    const args = ['--scenario', short, '--strategy', 'D', '--days', '0.05'];
    const cells = async (...seeds: readonly string[]) =>
      (await runCommand([...args, '--seeds', ...seeds])).out
        .split('\n')
        .slice(2)
        .map((line) => line.split('|').map((cell) => cell.trim()));
    const [seven, eight, both] = [await cells('7'), await cells('8'), await cells('7-8')];
    expect(both).toHaveLength(seven.length);
    for (const [index, [, label, cell]] of both.entries()) {
      const [first, second] = [seven[index]?.[2], eight[index]?.[2]];
      const shown = first === second ? [first] : [`${first} #7`, `${second} #8`];
      expect([label, shown]).toEqual([label, expect.arrayContaining([cell])]);
    }
    const waits = (row: string) =>
      [seven, eight, both].map((table) => table.find(([, label]) => label === row)?.[2] ?? '');
    const [rejects7 = '', rejects8 = '', worst = ''] = waits('429s');
    expect(parseInt(worst)).toBe(Math.max(Number(rejects7), Number(rejects8)));
  });

  it('prints the best of the other strategies and the bound beside the rows of freshness', async () => {
    const args = ['--scenario', short, '--days', '0.05', '--bound'];
    const [head = '', , ...rows] = (await runCommand(args)).out.split('\n');
    expect(head).toMatch(/ paceline \| +best other \| +bound \|$/);
    for (const row of rows)
      expect(row).toMatch(
        row.includes(': fresh')
          ? / \S+ \d+\.\d % \([+−]\d+\.\d\) \| +\d+\.\d % \(\d+\.\d %\) \|$/
          : /\| +\| +\|$/,
      );
    const { out } = await runCommand([...args, '--strategy', 'D', '--json']);
    const [{ bound }] = JSON.parse(out) as [SeedJson];
    expect(bound?.all.near.joint).toBeGreaterThan(0);
    expect(bound?.all.near.joint).toBeLessThanOrEqual(bound?.all.near.alone ?? 0);
  });

  it.each([
    [[], '--scenario is missing'],
    [
      ['--scenario', short, '--strategy', 'E'],
      '--strategy must be one of all, uncoordinated, A, B, C, D, paceline',
    ],
    [['--scenario', short, '--seeds', 'x'], '--seeds must be a number'],
    [['--scenario', short, '--seeds', '5-1'], '--seeds must be a number from 5'],
    [['--scenario', short, '--seeds', '1-2-3'], '--seeds must be a number or a range'],
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
    const [only] = JSON.parse(stdout) as SeedJson[];
    expect(Object.keys(only?.strategies ?? {})).toEqual(['C']);
  });
});
