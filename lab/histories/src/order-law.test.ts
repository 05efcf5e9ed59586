import { lanes, mapValues } from '@paceline/shared/definition';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LimiterSettings } from '@paceline/limiter/core/settings';
import { createTestLimiter, settings, withBudget, withUpstream } from '@paceline/limiter/core/testing';
import type { UpstreamSettings } from '@paceline/limiter/core/upstream';
import { anyHistory, steps } from './histories.ts';
import { createQueueModel } from './queue-model.ts';
import { runLoad, type TimedRequest } from './load.ts';
import { runHistory } from './world.ts';

const second = 1_000;
const minute = 60 * second;

describe('the queue', () => {
  it('grants no request before one that is ahead of it and still waits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 2 }), steps, (limit, reserve, all) => {
        const { perform, limiter } = createQueueModel(limit, reserve);
        for (const step of all) {
          for (const { skipped } of perform(step).granted) {
            expect(skipped.filter(({ deadline = Infinity }) => deadline >= limiter.now())).toEqual([]);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('loses no request that is repeated: each ends with a call, a refusal or a cancel', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const { ends, survivors } = runHistory(history);
        for (const [index, { plan, fault }] of history.callers.entries()) {
          if (fault.dies) continue;
          const end = ends.get(`t${index}`);
          if (plan.deadlineIn === undefined) expect(end).not.toBe('refused');
          expect(end).toBeTypeOf('string');
        }
        expect(survivors.filter((ticket) => !ends.has(ticket))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps every request that is repeated within its interval, however many arrive at once', () => {
    const limiter = createTestLimiter('signups');
    limiter.call('first');
    const start = limiter.now();
    const requests = Array.from({ length: 10_000 }, (_, index) => limiter.acquireRequest(`t${index}`));
    const answered = limiter
      .take(...requests)
      .replies.map((answer) => (answer.answer === 'waiting' ? answer.retryIn : Infinity));
    // Each misses as many heartbeats as it may.
    for (const retryIn of [...new Set(answered)].toSorted((a, b) => a - b)) {
      limiter.pass(start + retryIn * (settings.missedHeartbeatsAllowed - 1) - limiter.now());
      limiter.take(...requests.filter((_, index) => answered[index] === retryIn));
    }
    expect(limiter.ledger().waiting).toBe(10_000);
  });
});

describe('no lane starves', () => {
  /** A tenth of all head starts, so that an hour of ageing takes 6 minutes. */
  const headStarts = mapValues(lanes, ({ headStartMs }) => headStartMs / 10);
  const withShortHeadStarts = (limit: number, windowMs: number, reserve: number): LimiterSettings => {
    const using = withBudget('riders_single', { policy: { limit, windowMs }, reserve });
    const upstream = using.upstreams.zwiftracing as UpstreamSettings;
    return withUpstream(
      {
        ...upstream,
        lanes: mapValues(upstream.lanes, (lane) => ({ ...lane, headStartMs: lane.headStartMs / 10 })),
        longestHeadStart: upstream.longestHeadStart / 10,
      },
      using,
    );
  };

  const load = fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    windowMs: fc.integer({ min: 5 * second, max: minute }),
    reserve: fc.nat({ max: 2 }),
    callMs: fc.integer({ min: 0, max: 3 * second }),
    /** The load of the forced lanes as a share of the window's capacity. */
    share: fc.constantFrom(0.7, 0.9, 1.1),
    others: fc.array(
      fc.record({
        lane: fc.constantFrom('far_event_sync', 'rider_sync', 'near_event_normal'),
        at: fc.integer({ min: 0, max: 10 * minute }),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  });

  it('at 1.1 times the capacity in forced lanes: each request waits at most the windows that hold earlier calls and possible overtakers', () => {
    fc.assert(
      fc.property(load, ({ limit, windowMs, reserve, callMs, share, others }) => {
        const using = withShortHeadStarts(limit, windowMs, reserve);
        // A permit is free again a window after its call was answered.
        const turnMs = windowMs + using.epsilon + callMs;
        const everyMs = turnMs / limit / share;
        const forced = Array.from(
          { length: Math.ceil((30 * minute) / everyMs) },
          (_, index): TimedRequest => {
            const lane = index % 3 === 0 ? 'near_event_urgent' : 'manual_rider_add';
            return { lane, at: Math.floor(index * everyMs) };
          },
        );
        const all: TimedRequest[] = [...forced, ...others];
        const startedAt = runLoad(all, callMs, using);
        const places = Math.max(1, limit - reserve);
        for (const [index, { lane, at }] of all.entries()) {
          const startsAt = startedAt[index] ?? Infinity;
          const there = all.filter((other, i) => other.at <= at && (startedAt[i] ?? 0) + turnMs > at).length;
          const overtaking = all.filter(
            (other) => other.at > at && other.at - at < headStarts[other.lane] - headStarts[lane],
          ).length;
          const windows = Math.ceil((there + overtaking) / places);
          expect(startsAt - at).toBeLessThanOrEqual(windows * turnMs);
        }
      }),
      { numRuns: 30 },
    );
  });
});
