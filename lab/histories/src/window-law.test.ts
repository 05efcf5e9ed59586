import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settings } from '@paceline/limiter/core/testing';
import { anyHistory, quiet, undisturbed } from './histories.ts';
import { fullest, fullestWith, rejectedBy } from './upstream.ts';
import { slowest } from './owner.ts';
import { startedCalls, happen, type History, settingsOf, type Story } from './world.ts';

type Law = (calls: ReturnType<typeof startedCalls>, story: Story, history: History) => void;

const arrivalsOf = ({ arrivals }: Story): number[] => [...arrivals.values()];

describe('while one policy holds', () => {
  it('no interval of the window’s length holds more than N arrivals, and no upstream rejects one (sliding, first-hit, clock-aligned), whatever happens to callers, messages, limiters and clocks', () => {
    fc.assert(
      fc.property(undisturbed, (history) => {
        const arrivals = arrivalsOf(happen(history));
        const { limit, windowMs } = history.policy;
        expect(fullest(arrivals, windowMs)).toBeLessThanOrEqual(limit);
        const rejected = rejectedBy(arrivals, history.policy);
        expect(rejected).toEqual({ sliding: 0, firstHit: 0, clockAligned: 0 });
      }),
      { numRuns: 400 },
    );
  });

  it('nothing is wasted on callers that are quick: a window is used to its edge', () => {
    const history = quiet({ limit: 1, windowMs: 60_000 }, 10);
    const arrivals = arrivalsOf(happen(history));
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
    expect(gaps).toHaveLength(9);
    // A message to the limiter, one to the broker and one back: no network here is slower than that.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000 + settings.epsilon + 100);
  });
});

describe('when policies change, operators step in and others use the key', () => {
  /** But for the one probe before a longer window is known. */
  const noCallOverfillsTheWindowOfItsPolicy: Law = (calls) => {
    for (const [index, { arrivedAt, policy, probing, unknown }] of calls.entries()) {
      if (arrivedAt === undefined || (probing && unknown)) continue;
      // Those who start later have to fit in beside it, not the other way round.
      const sofar = calls.slice(0, index + 1).flatMap((call) => call.arrivedAt ?? []);
      expect(fullestWith(sofar, policy.windowMs, arrivedAt)).toBeLessThanOrEqual(policy.limit);
    }
  };

  /** Before a longer window is waited out none but the probe starts. */
  const noneStartsInAPauseAndAProbeGoesAlone: Law = (calls) => {
    for (const { paused, probing, unknown, open } of calls) {
      expect(paused).toBe(false);
      if (probing) expect(open).toBe(0);
      if (unknown) expect(probing).toBe(true);
    }
  };

  const everyCallArrivesWhileItIsCounted: Law = (calls, story, history) => {
    // Upstream's clock is the true one here. The ledger's is behind it by what entries took on their way, never ahead.
    const owners = story.facts.filter(({ fact }) => fact === 'claimed').length;
    const frozen = history.blows.reduce((sum, blow) => sum + (blow.does === 'freezes' ? blow.forMs : 0), 0);
    const behind = owners * slowest + frozen;
    for (const { arrivedAt, startedAt, arrivesBy } of calls) {
      if (arrivedAt === undefined) continue;
      expect(arrivedAt).toBeGreaterThanOrEqual(startedAt);
      expect(arrivedAt).toBeLessThanOrEqual(arrivesBy + behind);
    }
  };

  it('no call overfills the window of its policy or starts in a pause, a probe goes alone, and every call arrives while it is counted', () => {
    const laws = [
      noCallOverfillsTheWindowOfItsPolicy,
      noneStartsInAPauseAndAProbeGoesAlone,
      everyCallArrivesWhileItIsCounted,
    ];
    fc.assert(
      fc.property(anyHistory, (history) => {
        const story = happen(history);
        const calls = startedCalls(story, settingsOf(history));
        const broken = laws.flatMap((law) => {
          try {
            law(calls, story, history);
            return [];
          } catch (error) {
            return [`${law.name}: ${(error as Error).message}`];
          }
        });
        expect(broken).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
