import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { type Arrival, defaultClubs } from '@paceline/sandbox';
import { readScenario } from '@paceline/simulation/scenario';
import { happen } from '@paceline/simulation/simulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const scale = 60;
const minutes = 80;
const minute = 60_000;
const jitterMs = 20;
const adds = 8;
/** As many as the window for single riders holds. */
const atOnce = 5;

/** What happened from the first run on, for so long. Moments are project ms. */
interface Lived {
  readonly from: number;
  readonly calls: ReadonlyArray<{ readonly budget: string | null; readonly at: number }>;
  readonly rejected: number;
  readonly runs: ReadonlyArray<{ readonly kind: string; readonly endedAt: number }>;
  readonly adds: ReadonlyArray<{ readonly at: number; readonly storedAt: number | undefined }>;
}

let stack: TestStack;

beforeAll(async () => {
  stack = await startTestStack(oneEvening(scale), {
    SANDBOX_JITTER_MS: `0-${jitterMs}`,
    // All of the sandbox's clubs, as the simulator has them.
    ZWIFTRACING_CLUB_IDS: defaultClubs.map(({ id }) => id).join(','),
  });
});

afterAll(() => stack?.stop());

const momentOf = (text: string) => Date.parse(text);

async function real(): Promise<Lived> {
  const { arrivals } = await stack.control<{ arrivals: Arrival[] }>('/control/audit');
  const runs = await stack.api.all('GET /v1/runs');
  const commands = await stack.api.all('GET /v1/commands');
  return {
    from: Math.min(...runs.map(({ startedAt }) => momentOf(startedAt))),
    calls: arrivals.map(({ budget, arrivedAt }) => ({ budget, at: arrivedAt })),
    rejected: arrivals.filter(({ verdict }) => verdict === 'rejected').length,
    runs: runs.flatMap(({ kind, finishedAt }) =>
      finishedAt ? [{ kind, endedAt: momentOf(finishedAt) }] : [],
    ),
    adds: commands.map(({ state, requestedAt, finishedAt }) => ({
      at: momentOf(requestedAt),
      storedAt: finishedAt && state === 'done' ? momentOf(finishedAt) : undefined,
    })),
  };
}

/**
 * The same from the same moment on: the same world, the same clubs, the same adds.
 * @param brokerMs up to so long a message takes, real ms: twice what an answer of this machine takes on average
 */
function simulated({ from, adds: asked }: Lived, brokerMs: number): Lived {
  const scenario = readScenario({
    from: new Date(from).toISOString(),
    days: minutes / (24 * 60),
    scale,
    clubs: defaultClubs.map(({ size }) => ({ riders: size })),
    manualAdds: { moments: asked.map(({ at }) => new Date(at).toISOString()) },
    jitter: { brokerMs, upstreamMs: jitterMs },
  });
  const { upstream, tally } = happen(scenario, 'paceline');
  return {
    from,
    calls: upstream.arrivals.map(({ budget, arrivedAt }) => ({ budget, at: arrivedAt })),
    rejected: upstream.arrivals.filter(({ verdict }) => verdict === 'rejected').length,
    runs: tally.runs,
    adds: [...tally.clicks.values()].map(({ at, storedAt }) => ({ at, storedAt })),
  };
}

const counted = <Item>(items: readonly Item[], by: (item: Item) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, by)].map(([name, group]) => [name, group.length]));

function summed({ from, calls, rejected, runs, adds: asked }: Lived) {
  const isIn = (at: number) => at >= from && at < from + minutes * minute;
  const waits = asked.flatMap(({ at, storedAt }) => (storedAt === undefined ? [] : [storedAt - at]));
  return {
    calls: counted(
      calls.filter(({ at }) => isIn(at)),
      ({ budget }) => budget ?? '',
    ),
    rejected,
    runs: counted(
      runs.filter(({ endedAt }) => isIn(endedAt)),
      ({ kind }) => kind,
    ),
    waits: waits.toSorted((a, b) => a - b),
  };
}

/** Real ms that a busy machine may take for what is simulated in none. */
const machine = 2_000;

/** Two calls, or a quarter: a busy machine takes its time between two calls. */
const apart = (calls: number, others = 0): 'little' | 'much' =>
  Math.abs(calls - others) <= Math.max(2, calls / 4) ? 'little' : 'much';

describe('an evening of real processes', () => {
  it('goes as the simulator says that it goes', async () => {
    const now = async () => (await stack.control<{ now: number }>('/control/world')).now;
    const add = (riderId: number) => stack.post('/v1/riders', JSON.stringify({ riderId }));
    for (let index = 0; index < atOnce; index += 1) await add(4_900_000 + index);
    // The others come when a GET is sooner than a bulk call by far: how busy the machine is decides nothing.
    await eventually(async () => {
      const ended = (await real()).adds.map(({ storedAt }) => storedAt ?? Infinity);
      expect((await now()) - Math.max(...ended)).toBeGreaterThan(35_000);
    });
    for (let index = atOnce; index < adds; index += 1) await add(4_900_000 + index);
    const took: number[] = [];
    await eventually(async () => {
      const askedAt = performance.now();
      await stack.get('/v1/coordination');
      took.push(performance.now() - askedAt);
      const runs = await stack.api.all('GET /v1/runs');
      const from = Math.min(...runs.map(({ startedAt }) => momentOf(startedAt)));
      expect((await now()) - from).toBeGreaterThan(minutes * minute);
    });
    const lived = await real();
    const mean = took.reduce((sum, each) => sum + each, 0) / took.length;
    const [ours, theirs] = [summed(lived), summed(simulated(lived, 2 * mean))];
    expect([ours.rejected, theirs.rejected]).toEqual([0, 0]);
    expect(Object.keys(ours.calls).toSorted()).toEqual(Object.keys(theirs.calls).toSorted());
    for (const [budget, calls] of Object.entries(ours.calls))
      expect([budget, apart(calls, theirs.calls[budget])], JSON.stringify({ ours, theirs })).toEqual([
        budget,
        'little',
      ]);
    for (const [kind, runs] of Object.entries(ours.runs))
      expect([kind, Math.abs(runs - (theirs.runs[kind] ?? 0)) <= 1]).toEqual([kind, true]);
    expect(ours.waits).toHaveLength(adds);
    expect(theirs.waits).toHaveLength(adds);
    const [median, simulatedMedian] = [ours.waits[adds / 2] ?? 0, theirs.waits[adds / 2] ?? 0];
    expect(Math.abs(median - simulatedMedian)).toBeLessThan(machine * scale);
  });
});
