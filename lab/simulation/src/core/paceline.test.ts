import { enforcements } from '@paceline/sandbox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Life } from './life.ts';
import { eventsOf } from './freshness.ts';
import { resultOf } from './result.ts';
import { readScenario, type Scenario } from './scenario.ts';
import { happen } from './simulate.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** A window of a minute, and what lies between two calls beside it. */
const turn = 61 * second + 6 * second;

const share = fc.integer({ min: 0, max: 20 }).map((percent) => percent / 100);
const faults = fc.record({
  serverErrors: share,
  hangs: share,
  limiterDown: fc.array(
    fc
      .tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 90 }))
      .map(([after, seconds]) => ({ after: `${after}m`, for: `${seconds}s` })),
    { maxLength: 1 },
  ),
});

/** A few hours of some small team, at any time of the day, over any network. */
const scenarioWith = (faulty: fc.Arbitrary<object>) =>
  fc
    .record({
      seed: fc.nat(1_000_000),
      startsAt: fc.integer({ min: 0, max: 23 }),
      hours: fc.integer({ min: 2, max: 4 }),
      clubs: fc.array(
        fc.integer({ min: 1, max: 1_500 }).map((riders) => ({ riders })),
        { minLength: 1, maxLength: 3 },
      ),
      perDay: fc.integer({ min: 0, max: 60 }),
      burst: fc.integer({ min: 1, max: 15 }),
      jitter: fc.record({
        brokerMs: fc.integer({ min: 0, max: 20 }),
        upstreamMs: fc.integer({ min: 0, max: 500 }),
        outliers: fc.constantFrom(0, 0.02),
      }),
      enforcement: fc.constantFrom(...enforcements),
      befalls: faulty,
    })
    .map(({ seed, startsAt, hours, clubs, perDay, burst, jitter, enforcement, befalls }): Scenario => {
      const at = `${String((startsAt + 1) % 24).padStart(2, '0')}:00:30`;
      return readScenario({
        seed,
        from: new Date(Date.UTC(2026, 10, 2, startsAt)).toISOString(),
        days: hours / 24,
        clubs,
        manualAdds: { perDay, bursts: [{ at, count: burst, within: '1s' }] },
        upstream: { enforcement },
        jitter,
        faults: befalls,
      });
    });

type Law = (life: Life) => void;

const nothingIsRejected: Law = (life) => {
  for (const [budget, { rejected }] of Object.entries(resultOf(life).budgets))
    expect([budget, rejected]).toEqual([budget, 0]);
};

const nothingIsFetchedOnceItHasStarted: Law = ({ upstream, world, from, until }) => {
  const events = world.startingIn(from, until + 48 * hour);
  const starts = new Map(events.map(({ id, start }) => [String(id), start]));
  for (const [index, { budget, path }] of upstream.arrivals.entries())
    if (budget === 'signups') expect(upstream.sent[index]?.at).toBeLessThan(starts.get(path) ?? 0);
};

const everyRunCountsWhatItLeaves: Law = ({ tally }) => {
  for (const { counts } of tally.runs)
    expect(counts.planned).toBe(counts.synced + counts.failed + counts.deferred);
};

/** What is left was left because the window was full until the slot's end. */
const noRunEndsEarly: Law = ({ tally, upstream }) => {
  const calls = upstream.arrivals.filter(({ budget }) => budget === 'signups' || budget === 'events');
  for (const { kind, counts, slotEndsAt } of tally.runs) {
    if (counts.deferred === 0 || kind === 'rider') continue;
    const last = calls.findLast(({ arrivedAt }) => arrivedAt <= slotEndsAt);
    expect((last?.arrivedAt ?? 0) + turn).toBeGreaterThan(slotEndsAt);
  }
};

/** Page by page: what a slot leaves is what the next begins with. */
const clubsTakeTurns: Law = ({ upstream, clubIds }) => {
  const asked = upstream.arrivals
    .filter(({ budget }) => budget === 'clubs')
    .map(({ path }) => path.split('/'));
  const passes = asked.flatMap(([club, from]) => (from === '0' ? [Number(club)] : []));
  expect(passes).toEqual(passes.map((_, index) => clubIds[index % clubIds.length]));
};

/** Unless more events than calls compete in its last quarter of an hour. */
const oursStartFresh: Law = (life) => {
  const { urgent } = life.goals;
  const events = eventsOf(life);
  for (const { startsAt, isOurs, copiedAt } of events) {
    if (!isOurs || startsAt < life.from + urgent + 5 * minute || startsAt >= life.until) continue;
    const competing = events.filter((other) => Math.abs(other.startsAt - startsAt) < urgent).length;
    if (competing > Math.floor(urgent / turn) - 2) continue;
    expect(startsAt - (copiedAt.findLast((at) => at <= startsAt) ?? 0)).toBeLessThanOrEqual(urgent);
  }
};

/** A head start is an hour at the most; beside it one waits for the windows of those who stand before. */
const nobodyStarves: Law = (life) => {
  for (const wait of Object.values(resultOf(life).longestWait))
    expect(wait).toBeLessThan(hour + hour + 2 * turn);
};

const addsEndWithinFiveMinutes: Law = ({ tally, until }) => {
  for (const { at, storedAt = Infinity, refused } of tally.clicks.values())
    if (!refused && at < until - 6 * minute) expect(storedAt - at).toBeLessThan(5 * minute + 10 * second);
};

/** The laws that do not hold, with what is wrong. */
const broken = (laws: readonly Law[], life: Life): string[] =>
  laws.flatMap((law) => {
    try {
      law(life);
      return [];
    } catch (error) {
      return [`${law.name}: ${(error as Error).message}`];
    }
  });

describe('whatever a team and its network are like', () => {
  it('no call is rejected, nothing is dropped, nobody starves, and what matters most is fresh', () => {
    const laws = [
      nothingIsRejected,
      nothingIsFetchedOnceItHasStarted,
      everyRunCountsWhatItLeaves,
      noRunEndsEarly,
      clubsTakeTurns,
      oursStartFresh,
      nobodyStarves,
      addsEndWithinFiveMinutes,
    ];
    fc.assert(
      fc.property(scenarioWith(fc.constant({})), (scenario) => {
        expect(broken(laws, happen(scenario, 'paceline'))).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });

  it('no call is rejected and nothing is dropped when upstream fails, answers never, or the limiter dies', () => {
    const laws = [
      nothingIsRejected,
      nothingIsFetchedOnceItHasStarted,
      everyRunCountsWhatItLeaves,
      nobodyStarves,
    ];
    fc.assert(
      fc.property(scenarioWith(faults), (scenario) => {
        expect(broken(laws, happen(scenario, 'paceline'))).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });
});
