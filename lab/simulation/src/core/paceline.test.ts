import { enforcements } from '@paceline/sandbox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Simulation } from './simulation.ts';
import { planHorizon } from '@paceline/event-sync/core/call-plan/moments';
import { eventsOf } from './freshness.ts';
import { kinds } from '@paceline/shared/definition';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { resultOf } from './result.ts';
import { readScenario, type Scenario } from './scenario.ts';
import { runSimulation } from './simulate.ts';

const { zwiftracing } = loadUpstreams({});
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** A one-minute window plus latency between two calls. */
const callInterval = 61 * second + 6 * second;

const share = fc.integer({ min: 0, max: 20 }).map((percent) => percent / 100);
const someFaults = fc.record({
  serverErrors: share,
  hangs: share,
  daily: fc.array(
    fc.record({
      from: fc.constantFrom('00:00', '06:00', '11:30'),
      until: fc.constantFrom('12:00', '17:00', '23:30'),
      serverErrors: share,
      hangs: share,
      enforcement: fc.constantFrom(...enforcements),
      forgetsEvery: fc.constantFrom('10m', '45m'),
    }),
    { maxLength: 1 },
  ),
  limiterDown: fc.array(
    fc
      .tuple(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 90 }),
        fc.constantFrom(0, 0, 2, 30, 120),
      )
      .map(([after, seconds, lost]) => ({ after: `${after}m`, for: `${seconds}s`, loses: `${lost}m` })),
    { maxLength: 1 },
  ),
});

/** A few hours of a small team, at any time of day and with any network. */
const scenarioWith = (anyFaults: fc.Arbitrary<object>) =>
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
      imports: fc.array(
        fc.record({ after: fc.constantFrom('5m', '50m'), riders: fc.constantFrom(1, 5, 6, 1_400) }),
        { maxLength: 2 },
      ),
      results: fc.constantFrom('on', 'off'),
      jitter: fc.record({
        brokerMs: fc.integer({ min: 0, max: 20 }),
        upstreamMs: fc.integer({ min: 0, max: 500 }),
        outliers: fc.constantFrom(0, 0.02),
      }),
      enforcement: fc.constantFrom(...enforcements),
      faults: anyFaults,
    })
    .map(
      ({
        seed,
        startsAt,
        hours,
        clubs,
        perDay,
        burst,
        imports,
        results,
        jitter,
        enforcement,
        faults,
      }): Scenario => {
        const at = `${String((startsAt + 1) % 24).padStart(2, '0')}:00:30`;
        return readScenario(
          {
            seed,
            from: new Date(Date.UTC(2026, 10, 2, startsAt)).toISOString(),
            days: hours / 24,
            clubs,
            manualAdds: { perDay, bursts: [{ at, count: burst, within: '1s' }] },
            imports,
            upstream: { enforcement },
            jitter,
            faults,
            settings: { SYNC_RESULTS: results },
          },
          zwiftracing,
        );
      },
    );

type Law = (simulation: Simulation) => void;

const noCallIsRejected: Law = (simulation) => {
  for (const [budget, { rejected }] of Object.entries(resultOf(simulation).budgets))
    expect([budget, rejected]).toEqual([budget, 0]);
};

const noEventIsFetchedAfterItsStart: Law = ({ upstream, world, from, until }) => {
  const events = world.startingIn(from, planHorizon(until).until);
  const starts = new Map(events.map(({ id, start }) => [String(id), start]));
  for (const [index, { budget, path }] of upstream.arrivals.entries())
    if (budget === 'signups') expect(upstream.sent[index]?.at).toBeLessThan(starts.get(path) ?? 0);
};

const runCountsAddUp: Law = ({ tally }) => {
  for (const { counts } of tally.runs)
    expect(counts.planned).toBe(counts.synced + counts.failed + counts.deferred);
};

/** Work is deferred only when the window is full until the slot's end. */
const noRunEndsEarly: Law = ({ tally, upstream }) => {
  for (const { kind, counts, slotEndsAt } of tally.runs) {
    if (counts.deferred === 0 || kind === 'rider') continue;
    const used: unknown[] = [kinds[kind].budget, kinds[kind].list];
    const last = upstream.arrivals.findLast(
      ({ budget, arrivedAt }) => used.includes(budget) && arrivedAt <= slotEndsAt,
    );
    expect((last?.arrivedAt ?? 0) + callInterval).toBeGreaterThan(slotEndsAt);
  }
};

/** A slot continues with the page where the last one stopped. */
const clubsTakeTurns: Law = ({ upstream, clubIds }) => {
  const pages = upstream.arrivals
    .filter(({ budget }) => budget === 'clubs')
    .map(({ path }) => path.split('/'));
  const passes = pages.flatMap(([club, from]) => (from === '0' ? [Number(club)] : []));
  expect(passes).toEqual(passes.map((_, index) => clubIds[index % clubIds.length]));
};

/** Unless more events than calls compete in the 15 minutes before its start. */
const ourEventsStartFresh: Law = (simulation) => {
  const { urgent } = simulation.rules.goals;
  const events = eventsOf(simulation);
  for (const { startsAt, isOurs, copiedAt } of events) {
    if (!isOurs || startsAt < simulation.from + urgent + 5 * minute || startsAt >= simulation.until) continue;
    const competing = events.filter((other) => Math.abs(other.startsAt - startsAt) < urgent).length;
    if (competing > Math.floor(urgent / callInterval) - 2) continue;
    expect(startsAt - (copiedAt.findLast((at) => at <= startsAt) ?? 0)).toBeLessThanOrEqual(urgent);
  }
};

/** Others can get ahead for at most an hour; then only the windows of those in front remain to wait for. */
const noLaneStarves: Law = (simulation) => {
  for (const wait of Object.values(resultOf(simulation).longestWait))
    expect(wait).toBeLessThan(hour + hour + 2 * callInterval);
};

const addsEndWithinFiveMinutes: Law = ({ tally, until }) => {
  for (const { at, storedAt = Infinity, refused } of tally.clicks.values())
    if (!refused && at < until - 6 * minute) expect(storedAt - at).toBeLessThan(5 * minute + 10 * second);
};

const importsEndWithinAnHour: Law = ({ tally, until }) => {
  for (const { at, storedAt = Infinity } of tally.imported.values())
    if (at < until - hour) expect(storedAt - at).toBeLessThan(hour);
};

/** Violated laws with their errors. */
const violations = (laws: readonly Law[], simulation: Simulation): string[] =>
  laws.flatMap((law) => {
    try {
      law(simulation);
      return [];
    } catch (error) {
      return [`${law.name}: ${(error as Error).message}`];
    }
  });

describe('any team and network', () => {
  it('have no rejected calls, nothing dropped, no starving lane, and fresh events at their start', () => {
    const laws = [
      noCallIsRejected,
      noEventIsFetchedAfterItsStart,
      runCountsAddUp,
      noRunEndsEarly,
      clubsTakeTurns,
      ourEventsStartFresh,
      noLaneStarves,
      addsEndWithinFiveMinutes,
      importsEndWithinAnHour,
    ];
    fc.assert(
      fc.property(scenarioWith(fc.constant({})), (scenario) => {
        expect(violations(laws, runSimulation(scenario, 'paceline'))).toEqual([]);
      }),
      { numRuns: 6 },
    );
  });

  it('have no rejected calls and nothing dropped when upstream fails or hangs, or the limiter is killed', () => {
    const laws = [noCallIsRejected, noEventIsFetchedAfterItsStart, runCountsAddUp, noLaneStarves];
    fc.assert(
      fc.property(scenarioWith(someFaults), (scenario) => {
        expect(violations(laws, runSimulation(scenario, 'paceline'))).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });
});

describe('a limiter that loses the last hour of its journal', () => {
  it.each(enforcements)('has no rejected calls: %s', (enforcement) => {
    const simulation = runSimulation(
      readScenario(
        {
          from: '2026-11-02T17:00:00Z',
          days: 0.1,
          clubs: [{ riders: 1_500 }, { riders: 400 }],
          manualAdds: { bursts: [{ at: '18:04:00', count: 12, within: '60s' }] },
          upstream: { enforcement },
          faults: { limiterDown: [{ after: '64m', for: '2s', loses: '62m' }] },
        },
        zwiftracing,
      ),
      'paceline',
    );
    expect(violations([noCallIsRejected], simulation)).toEqual([]);
  });
});
