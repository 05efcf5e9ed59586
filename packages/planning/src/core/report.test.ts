import { loadConfig, slotVariableNames } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import { kindsOf } from './plan.ts';
import { differencesOf, envOf } from './report.ts';
import { schedulesOf, settingsOf } from './slots.ts';
import { design, planOf, shipped } from './testing.ts';

describe('envOf', () => {
  it('writes lines that services read back as the same plan', () => {
    const plan = planOf(
      { near: ['*/20 * * * *', 1.5], far: ['5 * * * *', 120] },
      { timeZone: 'Europe/Stockholm' },
    );
    const env = Object.fromEntries(
      envOf(plan).map((line) => [/^[^=]+/.exec(line)?.[0], line.replace(/^[^=]+=/, '')]),
    );
    const read = schedulesOf(settingsOf(loadConfig(env, slotVariableNames)));
    expect(read.filter(({ kind }) => kindsOf(plan).includes(kind))).toMatchObject(plan.schedules);
    expect(envOf(plan)).toContain('SLOT_NEAR_DURATION=90s');
  });
});

describe('differencesOf', () => {
  it('lists slots and goals that differ for each kind', () => {
    expect(differencesOf(design(), shipped())).toEqual([
      'near slots: 10,25,40,55 * * * * for 10 min instead of 10,25,40,55 * * * * for 12 min',
      'near freshness goal: every 60 min instead of once per cycle',
      'far slots: 5,20,35,50 * * * * for 4 min instead of 30 */2 * * * for 25 min',
      'far freshness goal: every 24 h instead of once per cycle',
    ]);
  });

  it('is empty for equal plans', () => {
    expect(differencesOf(design(), design())).toEqual([]);
  });
});
