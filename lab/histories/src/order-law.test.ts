import { type Lane, laneNames } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Settings } from '@paceline/limiter/core/settings';
import { createTestLimiter, settings } from '@paceline/limiter/core/testing';
import { anyHistory, steps } from './histories.ts';
import { createLine } from './line.ts';
import { rush, type Rusher } from './rush.ts';
import { happen } from './world.ts';

const second = 1_000;
const minute = 60 * second;

describe('the line', () => {
  it('is passed over by nobody: whoever is given a permit goes before everybody who still waits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 2 }), steps, (limit, reserve, all) => {
        const { take, limiter } = createLine(limit, reserve);
        for (const step of all) {
          for (const { passedOver } of take(step).given) {
            expect(passedOver.filter(({ deadline = Infinity }) => deadline >= limiter.now())).toEqual([]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('forgets nobody who keeps asking, whatever happens: each ends with its call, a refusal, or by its own will', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const { ends, alive } = happen(history);
        for (const [index, { wanted, fate }] of history.callers.entries()) {
          if (fate.dies) continue;
          const end = ends.get(`t${index}`);
          if (wanted.deadlineIn === undefined) expect(end).not.toBe('refused');
          expect(end).toBeTypeOf('string');
        }
        expect(alive.filter((ticket) => !ends.has(ticket))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('forgets nobody who asks again when it was told to, however many come at once', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const begin = limiter.now();
    const asks = Array.from({ length: 10_000 }, (_, index) => limiter.acquireAsk(`t${index}`));
    const answered = limiter
      .take(...asks)
      .answers.map((answer) => (answer.answer === 'waiting' ? answer.retryIn : Infinity));
    // Each misses as often as it may, and then comes.
    for (const retryIn of [...new Set(answered)].toSorted((a, b) => a - b)) {
      limiter.pass(begin + retryIn * (settings.missedHeartbeatsAllowed - 1) - limiter.now());
      limiter.take(...asks.filter((_, index) => answered[index] === retryIn));
    }
    expect(limiter.ledger().waiting).toBe(10_000);
  });
});

describe('nobody starves', () => {
  /** All head starts a tenth: an hour of the line is over in six minutes. */
  const quicker = (limit: number, windowMs: number, reserve: number): Settings => ({
    ...settings,
    policies: { ...settings.policies, riders_single: { limit, windowMs } },
    reserve: { ...settings.reserve, riders_single: reserve },
    headStart: Object.fromEntries(laneNames.map((lane) => [lane, settings.headStart[lane] / 10])) as Record<
      Lane,
      number
    >,
    longestHeadStart: settings.longestHeadStart / 10,
  });

  const load = fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    windowMs: fc.integer({ min: 5 * second, max: minute }),
    reserve: fc.nat({ max: 2 }),
    callMs: fc.integer({ min: 0, max: 3 * second }),
    /** Of what the window lets through, how much the forced lanes ask for. */
    share: fc.constantFrom(0.7, 0.9, 1.1),
    others: fc.array(
      fc.record({
        lane: fc.constantFrom('far_event_sync', 'rider_sync', 'near_event_normal'),
        at: fc.integer({ min: 0, max: 10 * minute }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  });

  it('with forced lanes at 1.1 times what the window lets through: each waits at most as many windows as hold the calls that were there and those that may overtake it', () => {
    fc.assert(
      fc.property(load, ({ limit, windowMs, reserve, callMs, share, others }) => {
        const using = quicker(limit, windowMs, reserve);
        // A place is free again a window after its call's answer.
        const turnMs = windowMs + using.epsilon + callMs;
        const everyMs = turnMs / limit / share;
        const forced = Array.from({ length: Math.ceil((30 * minute) / everyMs) }, (_, index): Rusher => {
          const lane = index % 3 === 0 ? 'near_event_urgent' : 'manual_rider_add';
          return { lane, at: Math.floor(index * everyMs) };
        });
        const all: Rusher[] = [...forced, ...others];
        const startedAt = rush(all, callMs, using);
        const places = Math.max(1, limit - reserve);
        for (const [index, { lane, at }] of all.entries()) {
          const startsAt = startedAt[index] ?? Infinity;
          const there = all.filter((other, i) => other.at <= at && (startedAt[i] ?? 0) + turnMs > at).length;
          const overtaking = all.filter(
            (other) => other.at > at && other.at - at < using.headStart[other.lane] - using.headStart[lane],
          ).length;
          const windows = Math.ceil((there + overtaking) / places);
          expect(startsAt - at).toBeLessThanOrEqual(windows * turnMs);
        }
      }),
      { numRuns: 30 },
    );
  });
});
