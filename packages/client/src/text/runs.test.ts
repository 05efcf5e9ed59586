import { expect, it } from 'vitest';
import type { Run } from '../generated.ts';
import { at, now } from '../testing/examples.ts';
import { elapsed, outcome } from '../text.ts';

const none = { planned: 0, synced: 0, failed: 0, deferred: 0, stored: 0 };
const unreadable = { count: 0, ids: [] };
const run = (given: Partial<Run>) =>
  ({ kind: 'near', state: 'done', mode: 'on', counts: none, unreadable, reason: null, ...given }) as Run;

it('the outcome of a run is its counts, or its reason', () => {
  expect(outcome(run({ counts: { ...none, synced: 3, deferred: 28 } }))).toBe(
    '3 near events synced, 28 deferred to the next slot',
  );
  expect(
    outcome(
      run({
        counts: { ...none, synced: 1 },
        unreadable: { count: 6, ids: ['4500012', '4500025', '4500038', '4500051', '4500064', '4500077'] },
      }),
    ),
  ).toBe('1 near event synced, 6 unreadable: 4500012, 4500025, 4500038, 4500051, 4500064, …');
  expect(outcome(run({ reason: 'no database', unreadable: { count: 1, ids: [] } }))).toBe(
    'no database; 1 unreadable',
  );
  expect(outcome(run({}))).toBe('nothing due');
  expect(outcome(run({ state: 'running' }))).toBe('just started');
  const waitingFor = { budget: 'riders_bulk', until: '2026-11-24T18:10:00.000Z' } as const;
  expect(
    outcome(run({ kind: 'rider', state: 'running', waitingFor, counts: { ...none, planned: 4, synced: 1 } })),
  ).toBe('1 of 4 clubs synced, waiting for Riders (bulk), expected at 18:10:00');
  expect(outcome(run({ reason: 'no database' }))).toBe('no database');
  expect(outcome(run({ mode: 'observed', counts: { ...none, planned: 4 } }))).toBe(
    'observed: 4 near events planned, no calls made',
  );
});

it('the elapsed time of an unfinished run counts until now', () => {
  expect(elapsed(run({ startedAt: at(-4), finishedAt: at(-1) }), now)).toBe('3 min');
  expect(elapsed(run({ startedAt: at(-4), finishedAt: null }), now)).toBe('4 min');
});
