import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { configExitCode, loadConfig } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import type { PlanCheck } from './core/check.ts';
import { planVariables, run } from './run.ts';

const now = Date.parse('2026-05-04T13:37:11Z');

function plan(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const lines: string[] = [];
  const errors: string[] = [];
  const output = { out: (text: string) => lines.push(text), error: (text: string) => errors.push(text) };
  const exitCode = run(args, loadConfig(env, planVariables), now, output);
  return { exitCode, out: lines.join('\n'), error: errors.join('\n') };
}

describe('npm run plan', () => {
  it.each(['UTC', 'Europe/Stockholm', 'America/New_York'])(
    'passes the default slots in %s',
    (SLOT_TIME_ZONE) => {
      const { exitCode, out } = plan([], { SLOT_TIME_ZONE });
      expect(exitCode).toBe(0);
      expect(out).toContain('No errors');
      expect(out).not.toContain('SLOT_');
    },
  );

  it('reports the errors of the first design and slots that would pass', () => {
    const { exitCode, out } = plan(['--design']);
    expect(exitCode).toBe(1);
    expect(out.match(/^(ERROR|WARNING) \[\w+\]/gm)).toEqual([
      'ERROR [collision]',
      'ERROR [goal]',
      'ERROR [goal]',
      'WARNING [demand]',
      'WARNING [demand]',
    ]);
    const suggested = out.split('This would pass:')[1] ?? '';
    const env = Object.fromEntries(
      [...suggested.matchAll(/^(SLOT_\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    expect(plan([], env).exitCode).toBe(0);
  });

  it('says when calls of other programs spend a day', () => {
    const { exitCode, out } = plan(['--calls', 'strava/read=90/1h', '--calls', 'strava/upload=10/1h']);
    expect(exitCode).toBe(0);
    expect(out.match(/^WARNING .* calls are wanted\..*$/gm)).toEqual([
      "WARNING [demand] At 90 calls per 60 min the day's 1 000 (Reads, day) are gone at Mon 4 May 11:02, but for 5 in reserve: 2 160 calls are wanted. They are paced: fewer calls are made all along, instead of none at the end.",
      "WARNING [demand] At 90 calls per 60 min the day's 2 000 (All calls, day) are gone at Mon 4 May 22:06, but for 10 in reserve: 2 160 calls are wanted. They are paced: fewer calls are made all along, instead of none at the end.",
    ]);
  });

  it.each([
    ['strava/read=90', '--calls must look like weather/read=90/1h'],
    ['strava/read=0/1h', '--calls must look like weather/read=90/1h'],
    ['strava/reed=90/1h', '--calls: strava has no endpoint "reed", but read, change, upload'],
    ['strva/read=90/1h', 'UPSTREAMS must name files that can be read: strva.yaml (ENOENT)'],
  ])('rejects --calls %s', (text, problem) => {
    expect(plan(['--calls', text])).toMatchObject({ exitCode: 2, error: expect.stringContaining(problem) });
  });

  it('checks the configured slots, tier and clubs', () => {
    const twoClubs = { ZWIFTRACING_CLUB_IDS: '1,2' };
    expect(plan([], twoClubs).out).toContain('SLOT_RIDER_DURATION=62m');
    expect(plan([], { ...twoClubs, ZWIFTRACING_TIER: 'premium' }).exitCode).toBe(0);
    expect(plan([], { SLOT_FAR_DURATION: '6m' }).out).toContain('far 00:05–00:11');
  });

  it('accepts other numbers of events and other goals', () => {
    expect(plan(['--near', '60']).exitCode).toBe(1);
    expect(plan(['--near', '9', '--goal', 'near=16m']).exitCode).toBe(0);
    expect(plan(['--goal', 'far=6h', '--far', '60']).exitCode).toBe(0);
    expect(plan(['--goal', 'far=cycle']).out).toContain(
      'every 15 min, but these slots refresh it every 18.5 h at best',
    );
  });

  it('prints findings, forecast and repaired plan as JSON', () => {
    const check = JSON.parse(plan(['--design', '--json']).out) as PlanCheck;
    expect(check.findings[0]).toMatchObject({
      rule: 'collision',
      severity: 'error',
      kinds: ['near', 'far'],
    });
    expect(check.forecast.kinds.map(({ kind }) => kind)).toEqual(['rider', 'near', 'far']);
    expect(check.repaired.schedules[2]).toMatchObject({ opens: '5,20,35,50 * * * *', durationMs: 240_000 });
  });

  it.each([[['--desing']], [['extra']], [['--near', 'many']], [['--goal', 'near']], [['--goal', 'club=1h']]])(
    'prints its usage when called with %j',
    (args) => {
      const { exitCode, out, error } = plan(args);
      expect([exitCode, out]).toEqual([2, '']);
      expect(error).toContain('npm run plan -- [--design]');
    },
  );

  it('prints its usage for --help', () => {
    expect(plan(['--help'])).toMatchObject({
      exitCode: 0,
      out: expect.stringContaining('--goal KIND=TIME'),
    });
  });

  it('ends with its exit code as a process', () => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const command = (args: string[], env: Record<string, string>) =>
      spawnSync(process.execPath, [main, ...args], { env: { PATH: '', ...env }, encoding: 'utf8' });
    expect(command(['--design'], {}).status).toBe(1);
    expect(command(['--nothing'], {}).status).toBe(2);
    expect(command([], { SLOT_NEAR: 'often' }).status).toBe(configExitCode);
  });
});
