import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import { readScenario, WrongScenario } from './scenario.ts';

const { zwiftracing } = loadUpstreams({});
const minimal = { days: 1, clubs: [{ riders: 10 }] };

function problemsOf(json: unknown): readonly string[] {
  try {
    readScenario(json, zwiftracing);
    return [];
  } catch (error) {
    if (error instanceof WrongScenario) return error.problems;
    throw error;
  }
}

describe('a scenario', () => {
  it('needs a length and clubs; everything else has a default', () => {
    expect(readScenario(minimal, zwiftracing)).toMatchObject({
      seed: 1,
      scale: 1,
      tier: 'standard',
      settings: {},
    });
  });

  it('reports every invalid field by name at once', () => {
    const problems = problemsOf({
      days: -1,
      clubs: [],
      manualAdds: { bursts: [{ at: '25:00', count: 1, within: '1s' }] },
      imports: [{ after: 'soon', riders: 1 }],
      faults: { hangs: 2, daily: [{ from: '20:00', until: '19:00' }] },
      typo: true,
      settings: { SLOT_NEAR: 'every day', SLOT_FAR_DURATION: '5' },
    });
    const fields = [
      'days',
      'clubs',
      'manualAdds.bursts.0.at',
      'imports.0.after',
      'faults.hangs',
      'faults.daily.0',
      'typo',
      'settings.SLOT_NEAR',
      'settings.SLOT_FAR_DURATION',
    ];
    for (const field of fields) expect(problems.filter((each) => each.includes(field))).toHaveLength(1);
  });

  it('is invalid unless it is an object', () => {
    expect(problemsOf(null)).toHaveLength(1);
  });
});
