import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import { z } from 'zod';
import { type Durability, durability, durabilityKey, originBucket } from '../contracts/index.ts';
import { type Bus, retryWhileUnavailable } from './bus.ts';
import { versionProblem } from './server-version.ts';

/** The parts in use of a server's monitoring page `/varz`. */
const monitoringPage = z.object({
  server_id: z.string(),
  version: z.string(),
  cluster: z.object({ name: z.string().optional() }).default({}),
  jetstream: z
    .object({
      config: z
        .object({ sync_always: z.boolean().default(false), sync_interval: z.number().default(0) })
        .optional(),
      meta: z.object({ cluster_size: z.number() }).optional(),
    })
    .default({}),
});
type MonitoringPage = z.infer<typeof monitoringPage>;

/** Real ms that a server has to send its page. */
const pageTimeoutMs = 5_000;

/** @throws {Error} with the reason */
async function readPage(url: string): Promise<MonitoringPage> {
  const base = url.replace(/\/+$/, '');
  // oxlint-disable-next-line no-restricted-globals -- the broker's monitoring page, never upstream
  const response = await fetch(`${base}/varz`, { signal: AbortSignal.timeout(pageTimeoutMs) });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return monitoringPage.parse(await response.json());
}

/**
 * Reads from the monitoring pages of the broker's servers when they sync to disk.
 * @param monitorUrls of every server, without a path
 * @throws {Error} when a server is too old
 */
export async function proveDurability(
  connection: NatsConnection,
  monitorUrls: readonly string[],
): Promise<Durability> {
  if (monitorUrls.length === 0) return unknown('NATS_MONITOR_URL is not set');
  const pages: MonitoringPage[] = [];
  for (const url of monitorUrls) {
    try {
      pages.push(await readPage(url));
    } catch (error) {
      return unknown(`${url}/varz can't be read (${reasonOf(error)})`);
    }
  }
  for (const { version, cluster } of pages) {
    const problem = versionProblem(version, cluster.name !== undefined);
    if (problem !== undefined) throw new Error(problem);
  }
  return durabilityOf(pages, connection.info?.server_id ?? '');
}

const unknown = (reason: string): Durability => ({ sync: 'unknown', reason });

function reasonOf(error: unknown): string {
  if (error instanceof z.ZodError) return 'it is not a page of nats-server';
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** @param connectedTo the id of the server that we are connected to */
function durabilityOf(pages: readonly MonitoringPage[], connectedTo: string): Durability {
  const ids = new Set(pages.map(({ server_id: id }) => id));
  if (!ids.has(connectedTo)) return unknown('NATS_MONITOR_URL is not that of the broker in NATS_URL');
  const size = Math.max(1, ...pages.map(({ jetstream }) => jetstream.meta?.cluster_size ?? 1));
  if (ids.size < size) return unknown(`NATS_MONITOR_URL has ${ids.size} of the ${size} servers`);
  const configs = pages.map(({ jetstream }) => jetstream.config);
  if (configs.includes(undefined)) return unknown('a server in NATS_MONITOR_URL has no JetStream');
  const relaxed = configs.flatMap((config) => (config && !config.sync_always ? [config.sync_interval] : []));
  if (relaxed.length === 0) return { sync: 'always' };
  return { sync: 'interval', intervalMs: Math.round(Math.max(...relaxed) / 1e6) };
}

/** Stores what provisioning has found out, for the services. */
export async function recordDurability(connection: NatsConnection, found: Durability): Promise<void> {
  const bucket = await new Kvm(connection).open(originBucket);
  await bucket.put(durabilityKey, JSON.stringify(durability.parse(found)));
}

/** What the last provisioning found out. */
export async function readDurability(bus: Bus): Promise<Durability> {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open(originBucket));
  const entry = await retryWhileUnavailable(() => bucket.get(durabilityKey));
  if (!entry) return unknown('it has not run since this version was installed');
  return durability.parse(JSON.parse(entry.string()));
}
