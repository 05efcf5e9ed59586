import {
  type ConsumerConfig,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
} from '@nats-io/jetstream';
import { PermissionViolationError } from '@nats-io/nats-core';
import { type Message, catalog, type Service, sharedEventConsumer, streamsOf } from '../contracts/index.ts';
import { type Bus } from './bus.ts';
import { eventConsumer, workConsumer } from './provision.ts';

/** A durable consumer and how it is created. */
export interface DurableConsumer {
  readonly stream: string;
  readonly config: Partial<ConsumerConfig> & { readonly durable_name: string };
}

const isNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError &&
  (error.code === JetStreamApiCodes.StreamNotFound || error.code === JetStreamApiCodes.ConsumerNotFound);

/**
 * Creates a consumer again that has vanished: its stream still has every message that was not acknowledged, so nothing is
 * lost. A stream or bucket is never created again here, because its content is gone: an empty journal would free the windows.
 */
export async function ensureConsumer(bus: Bus, { stream, config }: DurableConsumer): Promise<void> {
  const { consumers } = await jetstreamManager(bus.connection, { checkAPI: false });
  try {
    await consumers.info(stream, config.durable_name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.ConsumerNotFound)
      throw error;
    await consumers.add(stream, config);
    bus.log.warn({ stream, consumer: config.durable_name }, 'consumer was missing, created again');
  }
}

/** Real ms for which a good result is used, while the connection lasts. */
const checkEveryMs = 15_000;

/** A readiness check: what the service needs on the broker is there. `check` throws, naming what is missing and what to do. */
export function storageCheck(bus: Bus, service: Service) {
  let known: { readonly at: number; readonly missing: readonly string[] } | undefined;
  let pending: Promise<unknown> | undefined;
  const look = () =>
    (pending ??= findMissing(bus, service)
      .then((missing) => (known = { at: performance.now(), missing }))
      .finally(() => (pending = undefined)));
  return {
    async check(): Promise<void> {
      const isFresh = known && known.missing.length === 0 && performance.now() - known.at < checkEveryMs;
      if (!isFresh) await look();
      if (known && known.missing.length > 0)
        throw new Error(`Missing on the broker: ${known.missing.join(', ')}. Provision it again`);
    },
    /** The broker may have been restarted, or restored from a backup. */
    reconnected(): void {
      known = undefined;
    },
  };
}

async function findMissing(bus: Bus, service: Service): Promise<string[]> {
  const { streams } = await jetstreamManager(bus.connection, { checkAPI: false });
  const found = await Promise.all([
    ...streamsOf(service).map((name) => missingAs(describe(name), () => streams.info(name))),
    ...consumersOf(service).map((consumer) =>
      missingAs(`consumer ${consumer.config.durable_name}`, () => ensureConsumer(bus, consumer)),
    ),
  ]);
  const missing = found.filter((each) => each !== undefined);
  const gone = missing.filter((each) => !each.startsWith('consumer '));
  // A consumer goes with its stream.
  return gone.length > 0 ? gone : missing;
}

const describe = (stream: string) =>
  stream.startsWith('KV_') ? `bucket ${stream.slice('KV_'.length)}` : `stream ${stream}`;

const consumersOf = (service: Service): DurableConsumer[] => [
  ...(Object.values(catalog) as Message[]).flatMap((message) =>
    message.kind === 'work' && message.to.includes(service) ? [workConsumer(message)] : [],
  ),
  ...(sharedEventConsumer.service === service ? [eventConsumer] : []),
];

async function missingAs(name: string, look: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return name;
    // A broker user without today's permissions can't look: that is no reason to be unready.
    if (isRefused(error) || (error instanceof Error && isRefused(error.cause))) return undefined;
    throw error;
  }
}

const isRefused = (error: unknown): boolean => error instanceof PermissionViolationError;
