import { loadConfig, slotVariableNames } from '@paceline/shared/config';
import { describe, expect, it } from 'vitest';
import { kindsOf } from './plan.ts';
import { differencesOf, envOf } from './report.ts';
import { schedulesOf, settingsOf } from './slots.ts';
import { design, planOf, shipped } from './testing.ts';

describe('a plan as lines of .env', () => {
  it('is read by the services as the plan that it was', () => {
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

describe('what another plan does differently', () => {
  it('is said of each kind', () => {
    expect(differencesOf(design(), shipped())).toEqual([
      'near slots: 10,25,40,55 * * * * for 10 min instead of 10,25,40,55 * * * * for 12 min',
      'each near event is promised a refresh every 60 min instead of in every cycle',
      'far slots: 5,20,35,50 * * * * for 4 min instead of 30 */2 * * * for 25 min',
      'each far event is promised a refresh every 24 h instead of in every cycle',
    ]);
  });

  it('is nothing for the same', () => {
    expect(differencesOf(design(), design())).toEqual([]);
  });
});
