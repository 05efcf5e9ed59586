import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settings } from '@paceline/limiter/core/testing';
import { anyHistory, burst, fixedPolicyHistory } from './histories.ts';
import { maxInWindow, maxInWindowAround, rejectedBy } from './upstream.ts';
import { maxBrokerDelay } from './owner.ts';
import { startedCalls, runHistory, type History, settingsOf, type HistoryResult } from './world.ts';

type Law = (calls: ReturnType<typeof startedCalls>, story: HistoryResult, history: History) => void;

const arrivalsOf = ({ arrivals }: HistoryResult): number[] => [...arrivals.values()];

describe('with a fixed policy', () => {
  it('no interval of the window’s length has more than N arrivals, and no kind of upstream rejects one, whatever happens to callers, messages, limiters and clocks', () => {
    fc.assert(
      fc.property(fixedPolicyHistory, (history) => {
        const arrivals = arrivalsOf(runHistory(history));
        const { limit, windowMs } = history.policy;
        expect(maxInWindow(arrivals, windowMs)).toBeLessThanOrEqual(limit);
        const rejected = rejectedBy(arrivals, history.policy);
        expect(rejected).toEqual({ sliding: 0, firstHit: 0, clockAligned: 0 });
      }),
      { numRuns: 400 },
    );
  });

  it('fast callers use a window to its edge', () => {
    const history = burst({ limit: 1, windowMs: 60_000 }, 10);
    const arrivals = arrivalsOf(runHistory(history));
    const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
    expect(gaps).toHaveLength(9);
    // One message to the limiter, one to the broker and one back.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000 + settings.epsilon + 100);
  });
});

describe('with policy changes, operators and other programs on the key', () => {
  /** Except the one probe before a longer window is known. */
  const noCallOverfillsTheWindowOfItsPolicy: Law = (calls) => {
    for (const [index, { arrivedAt, policy, probing, unknown }] of calls.entries()) {
      if (arrivedAt === undefined || (probing && unknown)) continue;
      // A later call must fit in beside an earlier one, not the other way round.
      const upToThis = calls.slice(0, index + 1).flatMap((call) => call.arrivedAt ?? []);
      expect(maxInWindowAround(upToThis, policy.windowMs, arrivedAt)).toBeLessThanOrEqual(policy.limit);
    }
  };

  /** During an unknown time only the probe starts. */
  const noneStartsInAPauseAndAProbeGoesAlone: Law = (calls) => {
    for (const { paused, probing, unknown, open } of calls) {
      expect(paused).toBe(false);
      if (probing) expect(open).toBe(0);
      if (unknown) expect(probing).toBe(true);
    }
  };

  const everyCallArrivesWhileItIsCounted: Law = (calls, story, history) => {
    // Upstream's clock is the true one. Ledger time is behind it by broker delays, never ahead.
    const owners = story.facts.filter(({ fact }) => fact === 'claimed').length;
    const frozen = history.incidents.reduce(
      (sum, each) => sum + (each.kind === 'limiter freezes' ? each.forMs : 0),
      0,
    );
    const behind = owners * maxBrokerDelay + frozen;
    for (const { arrivedAt, startedAt, arrivesBy } of calls) {
      if (arrivedAt === undefined) continue;
      expect(arrivedAt).toBeGreaterThanOrEqual(startedAt);
      expect(arrivedAt).toBeLessThanOrEqual(arrivesBy + behind);
    }
  };

  it('no call overfills its window or starts in a pause, a probe goes alone, and every call arrives while it is counted', () => {
    const laws = [
      noCallOverfillsTheWindowOfItsPolicy,
      noneStartsInAPauseAndAProbeGoesAlone,
      everyCallArrivesWhileItIsCounted,
    ];
    fc.assert(
      fc.property(anyHistory, (history) => {
        const story = runHistory(history);
        const calls = startedCalls(story, settingsOf(history));
        const violations = laws.flatMap((law) => {
          try {
            law(calls, story, history);
            return [];
          } catch (error) {
            return [`${law.name}: ${(error as Error).message}`];
          }
        });
        expect(violations).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
