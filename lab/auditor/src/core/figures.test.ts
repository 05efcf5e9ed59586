import { describe, expect, it } from 'vitest';
import { budgetOf, createScribe } from './testing.ts';

const minute = 60_000;

describe('the figures of a budget', () => {
  it('tell how much of what was allowed was used', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 0);
    scribe.settle('a', 10);
    scribe.start('b', minute + 10);
    // Three windows of a minute begin within this time, and one more call would have found its place.
    scribe.claim(3 * minute - 1);
    expect(budgetOf(scribe.audit()).utilisation).toEqual({ made: 2, possible: 3 });
  });

  it('take each policy for the time in which it was in force', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.facts(scribe.policy({ limit: 10, windowMs: minute }, 5 * minute));
    scribe.claim(6 * minute - 1);
    expect(budgetOf(scribe.audit()).utilisation).toEqual({ made: 0, possible: 15 });
  });

  it('tell whether promises were kept within a second, and by how much the worst was not', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', 1_000, { firstEstimate: 0 });
    scribe.returned('a', 1_000);
    scribe.start('b', 5_000, { firstEstimate: 3_999 });
    scribe.returned('b', 5_000);
    scribe.start('c', 6_000);
    expect(budgetOf(scribe.audit()).promises).toEqual({ kept: 1, broken: 1, worstLatenessMs: 1_001 });
  });

  it('tell the longest wait of each lane', () => {
    const scribe = createScribe();
    scribe.claim();
    scribe.start('a', minute, { requestedAt: 0 });
    scribe.settle('a', minute + 10);
    scribe.start('b', 3 * minute, { requestedAt: 150_000 });
    expect(scribe.audit().partitions[0]?.accounts[0]?.longestWaits).toEqual({ far_event_sync: minute });
  });
});
