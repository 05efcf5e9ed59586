import type { Health, Part } from '@paceline/client';
import { describe, expect, it } from 'vitest';
import { healthLines, initiallyShown } from './health.ts';

const part = (state: Part['state']): Part => ({
  part: 'rider-sync',
  state,
  since: state === 'down' ? '2026-03-01T18:29:57.000Z' : null,
  title: state === 'down' ? 'No rider-sync is running' : null,
  reason: state === 'down' ? 'Added riders wait.' : null,
  advice: state === 'down' ? 'Start it.' : null,
});
const health = (state: Part['state']): Health => ({
  at: '2026-03-01T18:30:00.000Z',
  healthy: state !== 'down',
  parts: [part(state)],
  durability: { sync: 'always', title: null, reason: null, advice: null },
});

/** The lines that each of the answers prints. */
function printed(...answers: ReadonlyArray<Health | undefined>): string[][] {
  let shown = initiallyShown;
  return answers.map((answer) => {
    const next = healthLines(shown, answer);
    shown = next.shown;
    return [...next.lines];
  });
}

describe('the health in the console', () => {
  it('is one line when a part goes down, and one when it is back', () => {
    expect(printed(health('up'), health('down'), health('down'), health('unknown'), health('up'))).toEqual([
      [],
      ['ALERT No rider-sync is running since Sun 1 Mar 18:29:57. Added riders wait. Start it.'],
      [],
      [],
      ['rider-sync is back'],
    ]);
  });

  it('says once that a power cut can lose something', () => {
    const durability = { sync: 'unknown', title: 'Not known', reason: 'Why.', advice: 'Do.' } as const;
    const risky = { ...health('up'), durability };
    expect(printed(risky, risky, health('up'), health('up'))).toEqual([
      ['Not known. Why. Do.'],
      [],
      ['A power cut can no longer lose what the broker has acknowledged'],
      [],
    ]);
  });

  it('names an API that does not answer', () => {
    const advice =
      'Nothing can be read or requested; syncs continue. Start the API, or check its log for the cause.';
    expect(printed(undefined, undefined, health('up'), undefined)).toEqual([
      [`ALERT The API does not answer. ${advice}`],
      [],
      ['The API answers again'],
      [`ALERT The API does not answer since Sun 1 Mar 18:30:00. ${advice}`],
    ]);
  });
});
