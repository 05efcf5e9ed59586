import { expect, it } from 'vitest';
import type { Run } from '../generated.ts';
import { at, now } from '../testing/examples.ts';
import { elapsed, outcome } from '../text.ts';

const none = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };
const run = (given: Partial<Run>) =>
  ({ state: 'done', mode: 'on', counts: none, error: null, ...given }) as Run;

it('what a run came to is said in counts, or by its error', () => {
  expect(outcome(run({ counts: { ...none, synced: 3, deferred: 28 } }))).toBe(
    '3 synced, 28 left for the next slot',
  );
  expect(outcome(run({}))).toBe('nothing was due');
  expect(outcome(run({ state: 'running' }))).toBe('has just begun');
  expect(outcome(run({ error: 'no database' }))).toBe('no database');
  expect(outcome(run({ mode: 'observed', counts: { ...none, planned: 4 } }))).toBe(
    'observed only: 4 planned, nothing called',
  );
});

it('a run that goes on has lasted until now', () => {
  expect(elapsed(run({ startedAt: at(-4), finishedAt: at(-1) }), now)).toBe('3 min');
  expect(elapsed(run({ startedAt: at(-4), finishedAt: null }), now)).toBe('4 min');
});
