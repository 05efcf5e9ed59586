import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { type Arrival, defaultClubs } from '@paceline/sandbox';
import { readScenario } from '@paceline/simulation/scenario';
import { runSimulation } from '@paceline/simulation/simulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadUpstreams } from '@paceline/shared/upstreams/load';

const scale = 60;
const minutes = 80;
const minute = 60_000;
const jitterMs = 20;
const adds = 8;
/** The limit of single rider calls per window. */
const atOnce = 5;
const imported = 40;

/** What happened from the first run on. Times are project ms. */
interface Evening {
  readonly from: number;
  readonly calls: ReadonlyArray<{ readonly budget: string | null; readonly at: number }>;
  readonly rejected: number;
  readonly runs: ReadonlyArray<{ readonly kind: string; readonly endedAt: number }>;
  readonly adds: readonly StoredCommand[];
  readonly imports: readonly StoredCommand[];
}

interface StoredCommand {
  readonly at: number;
  readonly storedAt: number | undefined;
}

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack(oneEvening(scale), {
    SANDBOX_JITTER_MS: `0-${jitterMs}`,
    // All of the sandbox's clubs, as the simulator has them.
    ZWIFTRACING_CLUB_IDS: defaultClubs.map(({ id }) => id).join(','),
    SYNC_RESULTS: 'on',
  });
});

afterAll(() => stack?.stop());

async function recordReal(): Promise<Evening> {
  const { arrivals } = await stack.control<{ arrivals: Arrival[] }>('/control/audit');
  const runs = await stack.api.all('GET /v1/runs');
  const commands = await stack.api.all('GET /v1/commands');
  const stored = (of: string): StoredCommand[] =>
    commands
      .filter(({ type }) => type === of)
      .map(({ state, requestedAt, finishedAt }) => ({
        at: Date.parse(requestedAt),
        storedAt: finishedAt && state === 'done' ? Date.parse(finishedAt) : undefined,
      }));
  return {
    from: Math.min(...runs.map(({ startedAt }) => Date.parse(startedAt))),
    calls: arrivals.map(({ budget, arrivedAt }) => ({ budget, at: arrivedAt })),
    rejected: arrivals.filter(({ verdict }) => verdict === 'rejected').length,
    runs: runs.flatMap(({ kind, finishedAt }) =>
      finishedAt ? [{ kind, endedAt: Date.parse(finishedAt) }] : [],
    ),
    adds: stored('add-rider'),
    imports: stored('import-riders'),
  };
}

/**
 * Simulates the same evening: same start, clubs, adds and imports.
 * @param brokerMs maximum message delay in real ms: twice this machine's average response time
 */
function simulate({ from, adds: realAdds, imports }: Evening, brokerMs: number): Evening {
  const scenario = readScenario(
    {
      from: new Date(from).toISOString(),
      days: minutes / (24 * 60),
      scale,
      clubs: defaultClubs.map(({ size }) => ({ riders: size })),
      manualAdds: { times: realAdds.map(({ at }) => new Date(at).toISOString()) },
      imports: imports.map(({ at }) => ({ after: `${at - from}ms`, riders: imported })),
      jitter: { brokerMs, upstreamMs: jitterMs },
      settings: { SYNC_RESULTS: 'on' },
    },
    loadUpstreams({}).zwiftracing,
  );
  const { upstream, tally } = runSimulation(scenario, 'paceline');
  return {
    from,
    calls: upstream.arrivals.map(({ budget, arrivedAt }) => ({ budget, at: arrivedAt })),
    rejected: upstream.arrivals.filter(({ verdict }) => verdict === 'rejected').length,
    runs: tally.runs,
    adds: [...tally.clicks.values()].map(({ at, storedAt }) => ({ at, storedAt })),
    imports: [...tally.imported.values()].map(({ at, storedAt }) => ({ at, storedAt })),
  };
}

const countBy = <Item>(items: readonly Item[], by: (item: Item) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, by)].map(([name, group]) => [name, group.length]));

function summaryOf({ from, calls, rejected, runs, adds: allAdds, imports }: Evening) {
  const isIn = (at: number) => at >= from && at < from + minutes * minute;
  const waitsOf = (commands: readonly StoredCommand[]) =>
    commands
      .flatMap(({ at, storedAt }) => (storedAt === undefined ? [] : [storedAt - at]))
      .toSorted((a, b) => a - b);
  return {
    calls: countBy(
      calls.filter(({ at }) => isIn(at)),
      ({ budget }) => budget ?? '',
    ),
    rejected,
    runs: countBy(
      runs.filter(({ endedAt }) => isIn(endedAt)),
      ({ kind }) => kind,
    ),
    waits: waitsOf(allAdds),
    importWaits: waitsOf(imports),
  };
}

/** Real ms that a busy machine needs for work that takes no time in the simulation. */
const machineDelayMs = 2_000;

/** Allows two calls or a quarter, since a busy machine is slow between calls. */
const difference = (calls: number, others = 0): 'small' | 'large' =>
  Math.abs(calls - others) <= Math.max(2, calls / 4) ? 'small' : 'large';

describe('an evening of real processes', () => {
  it('matches the simulation', async () => {
    const now = async () => (await stack.control<{ now: number }>('/control/world')).now;
    const add = (riderId: number) => stack.post('/v1/riders', JSON.stringify({ riderId }));
    for (let index = 0; index < atOnce; index += 1) await add(4_900_000 + index);
    // Adds the others when a GET is far sooner than a bulk call, so that the machine's speed does not decide.
    await eventually(async () => {
      const ended = (await recordReal()).adds.map(({ storedAt }) => storedAt ?? Infinity);
      expect((await now()) - Math.max(...ended)).toBeGreaterThan(35_000);
    });
    const riderIds = Array.from({ length: imported }, (_, index) => 5_900_000 + index);
    await stack.post('/v1/riders/import', JSON.stringify({ riderIds }));
    for (let index = atOnce; index < adds; index += 1) await add(4_900_000 + index);
    const responseTimes: number[] = [];
    await eventually(async () => {
      const startedAt = performance.now();
      await stack.get('/v1/coordination');
      responseTimes.push(performance.now() - startedAt);
      const runs = await stack.api.all('GET /v1/runs');
      const from = Math.min(...runs.map(({ startedAt }) => Date.parse(startedAt)));
      expect((await now()) - from).toBeGreaterThan(minutes * minute);
    });
    const evening = await recordReal();
    const mean = responseTimes.reduce((sum, each) => sum + each, 0) / responseTimes.length;
    const [real, simulated] = [summaryOf(evening), summaryOf(simulate(evening, 2 * mean))];
    expect([real.rejected, simulated.rejected]).toEqual([0, 0]);
    expect(Object.keys(real.calls).toSorted()).toEqual(Object.keys(simulated.calls).toSorted());
    for (const [budget, calls] of Object.entries(real.calls))
      expect(
        [budget, difference(calls, simulated.calls[budget])],
        JSON.stringify({ real, simulated }),
      ).toEqual([budget, 'small']);
    for (const [kind, runs] of Object.entries(real.runs))
      expect([kind, Math.abs(runs - (simulated.runs[kind] ?? 0)) <= 1]).toEqual([kind, true]);
    expect(real.waits).toHaveLength(adds);
    expect(simulated.waits).toHaveLength(adds);
    const [median, simulatedMedian] = [real.waits[adds / 2] ?? 0, simulated.waits[adds / 2] ?? 0];
    expect(Math.abs(median - simulatedMedian)).toBeLessThan(machineDelayMs * scale);
    const [importWait = 0] = real.importWaits;
    expect(real.importWaits).toHaveLength(1);
    expect(simulated.importWaits).toHaveLength(imported);
    expect(Math.abs(importWait - (simulated.importWaits.at(-1) ?? 0))).toBeLessThan(machineDelayMs * scale);
  });
});
