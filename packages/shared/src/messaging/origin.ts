import { JetStreamApiError } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/nats-core';
import { ConfigError } from '../config/index.ts';
import { foreignState, type Origin, origin, originBucket, originKey } from '../contracts/index.ts';
import { type Bus, retryUntilFormed, retryWhileUnavailable } from './bus.ts';

/** Not provisioned by a version that writes it. */
const isMissing = (error: unknown): boolean => error instanceof JetStreamApiError && error.status === 404;

function assertOwn(stored: string | undefined, own: Partial<Origin>): void {
  if (stored === undefined) return;
  const problem = foreignState(origin.parse(JSON.parse(stored)), own);
  if (problem !== undefined) throw new ConfigError([problem]);
}

/** @throws {ConfigError} when the broker's state belongs to another upstream or clock; a part that is unset isn't compared */
export async function assertOwnState(bus: Bus, own: Partial<Origin>): Promise<void> {
  const bucket = await retryWhileUnavailable(() => new Kvm(bus.js).open(originBucket));
  const entry = await retryWhileUnavailable(() => bucket.get(originKey)).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  assertOwn(entry?.string(), own);
}

/** As `assertOwnState`, for provisioning: before anything is changed. */
export async function assertOwnBroker(connection: NatsConnection, own: Partial<Origin>): Promise<void> {
  const bucket = await retryUntilFormed(() => new Kvm(connection).open(originBucket));
  const entry = await bucket.get(originKey).catch(() => null);
  assertOwn(entry?.string(), own);
}

/** Marks the broker's state as belonging to this upstream and clock, unless it is marked already. */
export async function markState(connection: NatsConnection, own: Origin): Promise<void> {
  const bucket = await new Kvm(connection).open(originBucket);
  if ((await bucket.get(originKey)) === null) await bucket.put(originKey, JSON.stringify(own));
}
