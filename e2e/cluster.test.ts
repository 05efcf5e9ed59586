import { auditedBy } from '@paceline/kit/rig';
import { oneEvening, startTestStack, type TestStack } from '@paceline/kit/stack';
import { eventually } from '@paceline/kit/waiting';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { journalIsLed, type Leaders, type Probes, settled, startProbes } from './testing/cluster.ts';

/** How often a broker is killed: `CLUSTER_KILLS=12 npm run prove -- e2e/cluster.test.ts` measures how long grants stay away. */
const kills = Number(process.env.CLUSTER_KILLS ?? 2);

let stack: TestStack;
let probes: Probes;
let nextRider = 4_800_000;

beforeAll(async () => {
  // An election takes less than the five minutes for which somebody waits for a rider, by this clock too.
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
  // Also one that is refused because something does not answer just now may be sent again.
  return eventually(async () => {
    const { headers, status, body } = await stack.post('/v1/riders', command);
    expect(status, String(body['detail'])).toBe(202);
    return headers.get('location') ?? '';
  });
}

/** Whom a kill hits, in turn; the first is the worst. */
const victims = {
  'journal leader and a limiter': ({ journal }: Leaders) => journal,
  'follower and a limiter': ({ follower }: Leaders) => follower,
  follower: ({ follower }: Leaders) => follower,
  'journal leader': ({ journal }: Leaders) => journal,
  'meta leader': ({ meta }: Leaders) => meta,
};
const kinds = Object.keys(victims) as Array<keyof typeof victims>;

/** Real ms until every partition grants again, and until the brokers that are left had a leader for the journal. */
interface Took {
  readonly granting: number;
  readonly led: number;
}

/** Kills, and waits until all grant again and the killed ones are back. */
async function killOne(kind: keyof typeof victims): Promise<Took & { who: string }> {
  const leaders = await settled(stack);
  const server = victims[kind](leaders);
  if (!server) throw new Error('each of them leads something');
  const limiter = kind.endsWith('a limiter') ? stack.processes.get('limiter') : undefined;
  const before = [];
  // Five fit into the window: the others wait for theirs.
  for (let count = 0; count < 7; count += 1) before.push(await addRider());
  await Promise.all([server.crash(), limiter?.crash()]);
  const [granting, led] = await Promise.all([probes.grantsAgain(), journalIsLed(stack, server)]);
  await Promise.all([server.start(), limiter?.start()]);
  for (const location of before)
    await eventually(async () => expect(await stack.get(location)).toMatchObject({ state: 'done' }));
  const alsoMeta = server === leaders.meta && server === leaders.journal ? ' (which led both)' : '';
  return { granting, led, who: `${kind}${alsoMeta}` };
}

describe('a cluster of three brokers', () => {
  it('loses nothing when the leader of the journal and a limiter are killed at once, and permits are granted again', async () => {
    const taken = new Map<string, Took[]>();
    for (let kill = 0; kill < kills; kill += 1) {
      const { who, ...took } = await killOne(kinds[kill % kinds.length] ?? 'follower');
      taken.set(who, [...(taken.get(who) ?? []), took]);
      if (kills > 1) process.stderr.write(`${who}: ${Math.round(took.granting)} ms\n`);
    }
    const { certified, report } = await auditedBy(stack.broker.urlFor('limiter'), stack.sandboxUrl ?? '');
    expect(certified, report).toBe(true);
    const { judgements } = await stack.control<{ judgements: Array<{ rejected: number; calls: number }> }>(
      '/control/judgement',
    );
    expect(judgements.some(({ calls }) => calls > 0)).toBe(true);
    expect(judgements.filter(({ rejected }) => rejected > 0)).toEqual([]);
    process.stderr.write(`${[...taken].map(([who, times]) => line(who, times)).join('\n')}\n`);
  });
});

function line(who: string, times: readonly Took[]): string {
  const each = times
    .toSorted((a, b) => a.granting - b.granting)
    .map(({ granting, led }) => `${seconds(granting)} (${seconds(led)})`);
  return `s until permits are granted (until the journal is led) after ${who} was killed: ${each.join(', ')}`;
}

const seconds = (ms: number) => (ms / 1_000).toFixed(1);
