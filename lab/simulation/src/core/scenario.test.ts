import { describe, expect, it } from 'vitest';
import { readScenario, WrongScenario } from './scenario.ts';

const least = { days: 1, clubs: [{ riders: 10 }] };

function problemsOf(json: unknown): readonly string[] {
  try {
    readScenario(json);
    return [];
  } catch (error) {
    if (error instanceof WrongScenario) return error.problems;
    throw error;
  }
}

describe('a scenario', () => {
  it('needs to say how long and which clubs; all else has a default', () => {
    expect(readScenario(least)).toMatchObject({ seed: 1, scale: 1, tier: 'standard', settings: {} });
  });

  it('is told of everything that is wrong with it at once, by the name of the field', () => {
    const problems = problemsOf({
      days: -1,
      clubs: [],
      manualAdds: { bursts: [{ at: '25:00', count: 1, within: '1s' }] },
      faults: { hangs: 2 },
      typo: true,
      settings: { SLOT_NEAR: 'every day', SLOT_FAR_DURATION: '5' },
    });
    const fields = [
      'days',
      'clubs',
      'manualAdds.bursts.0.at',
      'faults.hangs',
      'typo',
      'settings.SLOT_NEAR',
      'settings.SLOT_FAR_DURATION',
    ];
    for (const field of fields) expect(problems.filter((each) => each.includes(field))).toHaveLength(1);
  });

  it('that is not even an object is told so', () => {
    expect(problemsOf(null)).toHaveLength(1);
  });
});
