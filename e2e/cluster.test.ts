import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { canRunCluster } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilJournalIsLed, type Leaders, type Probes, settled, startProbes } from './testing/cluster.ts';

const isSupported = await canRunCluster();

/** The number of kills. `CLUSTER_KILLS=12 npm run prove -- e2e/cluster.test.ts` measures the gap without grants. */
const kills = Number(process.env.CLUSTER_KILLS ?? 2);

let stack: TestStack;
let probes: Probes;
let nextRider = 4_800_000;

beforeAll(async () => {
  if (!isSupported) return;
  // At this speed an election still takes less than the five minutes after which a rider add expires.
  stack = await startTestStack(oneEvening(10), {
    PACELINE_BROKERS: '3',
    PACELINE_REPLICAS: 'limiter=2',
  });
  probes = await startProbes(stack);
});
afterAll(async () => {
  await probes?.close();
  await stack?.stop();
});

async function addRider(): Promise<string> {
  nextRider += 1;
  const command = JSON.stringify({ riderId: nextRider });
  // A request rejected during an outage can be sent again.
  return eventually(async () => {
    const { headers, status, body } = await stack.post('/v1/riders', command);
    expect(status, String(body['detail'])).toBe(202);
    return headers.get('location') ?? '';
  });
}

/** The servers to kill, worst case first. */
const victims = {
  'journal leader and a limiter': ({ journal }: Leaders) => journal,
  'follower and a limiter': ({ follower }: Leaders) => follower,
  follower: ({ follower }: Leaders) => follower,
  'journal leader': ({ journal }: Leaders) => journal,
  'meta leader': ({ meta }: Leaders) => meta,
};
const kinds = Object.keys(victims) as Array<keyof typeof victims>;

/** Real ms until every partition grants again, and until the remaining brokers have elected a leader of the journal. */
interface Recovery {
  readonly untilGranting: number;
  readonly untilLed: number;
}

/** Kills servers, waits until every partition grants again, and restarts the servers. */
async function killOne(kind: keyof typeof victims): Promise<Recovery & { victim: string }> {
  const leaders = await settled(stack);
  const server = victims[kind](leaders);
  if (!server) throw new Error('every server leads something');
  const limiter = kind.endsWith('a limiter') ? stack.processes.get('limiter') : undefined;
  const before = [];
  // Five fit into the window; the others wait.
  for (let count = 0; count < 7; count += 1) before.push(await addRider());
  await Promise.all([server.crash(), limiter?.crash()]);
  const [untilGranting, untilLed] = await Promise.all([
    probes.grantsAgain(),
    untilJournalIsLed(stack, server),
  ]);
  await Promise.all([server.start(), limiter?.start()]);
  for (const location of before)
    await eventually(async () => expect(await stack.get(location)).toMatchObject({ state: 'done' }));
  const alsoMeta = server === leaders.meta && server === leaders.journal ? ' (also meta leader)' : '';
  return { untilGranting, untilLed, victim: `${kind}${alsoMeta}` };
}

describe.runIf(isSupported)('a cluster of three brokers', () => {
  it('loses nothing and grants again when the journal leader and a limiter are killed together', async () => {
    const recoveries = new Map<string, Recovery[]>();
    for (let kill = 0; kill < kills; kill += 1) {
      const { victim, ...recovery } = await killOne(kinds[kill % kinds.length] ?? 'follower');
      recoveries.set(victim, [...(recoveries.get(victim) ?? []), recovery]);
      if (kills > 1) process.stderr.write(`${victim}: ${Math.round(recovery.untilGranting)} ms\n`);
    }
    const { certified, report } = await auditedBy(stack.broker.urlFor('limiter'), stack.sandboxUrl ?? '');
    expect(certified, report).toBe(true);
    const { judgements } = await stack.control<{ judgements: Array<{ rejected: number; calls: number }> }>(
      '/control/judgement',
    );
    expect(judgements.some(({ calls }) => calls > 0)).toBe(true);
    expect(judgements.filter(({ rejected }) => rejected > 0)).toEqual([]);
    process.stderr.write(`${[...recoveries].map(([victim, each]) => summaryOf(victim, each)).join('\n')}\n`);
  });
});

function summaryOf(victim: string, recoveries: readonly Recovery[]): string {
  const times = recoveries
    .toSorted((a, b) => a.untilGranting - b.untilGranting)
    .map(({ untilGranting, untilLed }) => `${seconds(untilGranting)} (${seconds(untilLed)})`);
  return `killed ${victim}: granting again after (journal led after), s: ${times.join(', ')}`;
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
