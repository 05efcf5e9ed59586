import { setTimeout as sleep } from 'node:timers/promises';
import type { TestStack } from '@paceline/kit/stack';
import type { BrokerServer } from '@paceline/launcher';
import { createClock } from '@paceline/shared/clock';
import { allPartitions, createLimiters, type Limiters, partitionOf } from '@paceline/shared/limiter';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { eventually } from '@paceline/shared/testing';

interface MonitorPage {
  readonly meta_cluster: { readonly leader?: string };
  readonly account_details?: ReadonlyArray<{
    readonly stream_detail: ReadonlyArray<{
      readonly name: string;
      readonly cluster?: {
        readonly leader?: string;
        readonly replicas?: ReadonlyArray<{ offline?: boolean }>;
      };
    }>;
  }>;
}

const pageOf = async ({ monitorUrl }: BrokerServer): Promise<MonitorPage> =>
  (await (await fetch(`${monitorUrl}/jsz?streams=1`)).json()) as MonitorPage;

/** The leaders in a cluster. */
export type Leaders = Awaited<ReturnType<typeof settled>>;

const streamsOf = ({ account_details }: MonitorPage) => account_details?.[0]?.stream_detail ?? [];

/** Waits until every server is healthy and has a copy of everything. @returns the leaders */
export function settled({ broker: { servers } }: TestStack) {
  return eventually(
    async () => {
      const pages = await Promise.all(servers.map(pageOf));
      const named = (name: string | undefined) => servers.find((each) => each.name === name);
      const led = pages.flatMap((page, index) =>
        streamsOf(page).filter(({ cluster }) => cluster?.leader === servers[index]?.name),
      );
      if (new Set(led.map(({ name }) => name)).size < 8) throw new Error('a stream has no leader');
      if (led.some(({ cluster }) => cluster?.replicas?.some(({ offline }) => offline)))
        throw new Error('a replica is offline');
      for (const { name, monitorUrl } of servers) {
        const health = await fetch(`${monitorUrl}/healthz`);
        if (!health.ok) throw new Error(`${name} is not healthy: ${await health.text()}`);
      }
      const journal = named(led.find(({ name }) => name === 'LIMITER_JOURNAL')?.cluster?.leader);
      const meta = named(pages[0]?.meta_cluster.leader);
      if (!journal || !meta) throw new Error('no leader of the journal or of the cluster');
      return { journal, meta, follower: servers.find((each) => each !== journal && each !== meta) };
    },
    { timeoutMs: 90_000 },
  );
}

/** Real ms until a server other than `killed` leads the journal: before that no permit can be granted. */
export async function untilJournalIsLed(
  { broker: { servers } }: TestStack,
  killed: BrokerServer,
): Promise<number> {
  const from = performance.now();
  const remaining = servers.filter((server) => server !== killed);
  await eventually(
    async () => {
      const leaders = (await Promise.all(remaining.map(pageOf))).flatMap((page) =>
        streamsOf(page)
          .filter(({ name }) => name === 'LIMITER_JOURNAL')
          .map(({ cluster }) => cluster?.leader),
      );
      if (!remaining.some(({ name }) => leaders.includes(name))) throw new Error('the journal has no leader');
      if (leaders.includes(killed.name)) throw new Error('the killed server still counts as the leader');
    },
    { timeoutMs: 60_000 },
  );
  return performance.now() - from;
}

export type Probes = Awaited<ReturnType<typeof startProbes>>;

/** Requests permits from each partition, one after the other, and records when they are granted. */
export async function startProbes(stack: TestStack) {
  const connection = await connect(stack.broker.urlFor('rider-sync'), 'rider-sync');
  const limiters = createLimiters(
    createBus(connection, createLogger('probe', 'fatal' as 'error')),
    createClock(stack.clock),
  );
  const over = new AbortController();
  const lastGrant = new Map<number, { requestedAt: number; at: number }>();
  const probing = allPartitions.map(async (partition) => {
    for (const account of accountsIn(partition)) {
      if (over.signal.aborted) return;
      const requestedAt = performance.now();
      await oneOf(limiters, account, over.signal);
      if (over.signal.aborted) return;
      lastGrant.set(partition, { requestedAt, at: performance.now() });
      await sleep(50);
    }
  });
  return {
    /** Real ms until every partition has granted a permit that was requested from now on. */
    async grantsAgain() {
      const from = performance.now();
      const since = await eventually(
        async () => {
          const later = [...lastGrant.values()].filter(({ requestedAt }) => requestedAt > from);
          if (later.length < allPartitions.length) throw new Error('a partition grants nothing');
          return later.map(({ at }) => at - from);
        },
        { timeoutMs: 60_000 },
      );
      return Math.max(...since);
    },
    async close() {
      over.abort(new Error('probing stopped'));
      await Promise.all(probing);
      await limiters.close();
      await connection.close();
    },
  };
}

/** Uses a new account each time, so that its window is never full; returns the permit unused. */
const oneOf = (limiters: Limiters, account: string, signal: AbortSignal): Promise<void> =>
  limiters
    .of(account)
    .withPermit({ endpoint: 'clubs', lane: 'rider_sync', signal }, async () => undefined)
    .catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });

function* accountsIn(partition: number): Generator<string> {
  for (let count = 0; ; count += 1) {
    const account = `probe-${count}`;
    if (partitionOf(account) === partition) yield account;
  }
}
