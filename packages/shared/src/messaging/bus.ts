import { jetstream, JetStreamApiError, type JetStreamClient } from '@nats-io/jetstream';
import { type NatsConnection, NoRespondersError, RequestError, TimeoutError } from '@nats-io/nats-core';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import type { z } from 'zod';
import type { Logger } from '../telemetry/index.ts';

export interface Bus {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly log: Logger;
}

/** Real ms. Short, because during an election there is no reply and a retry finds the new leader. */
const jetstreamTimeoutMs = 1_000;

export const createBus = (connection: NatsConnection, log: Logger): Bus => ({
  connection,
  js: jetstream(connection, { timeout: jetstreamTimeoutMs }),
  log,
});

/** A payload that doesn't match its schema in the catalog. */
export class BadPayload extends Error {
  override name = 'BadPayload';
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Parses and validates a payload. @throws {BadPayload} naming the invalid fields */
export function decode<S extends z.ZodType>(schema: S, data: Uint8Array): z.infer<S> {
  return check(schema, parseJson(data));
}

/** Validates and serializes a payload, so that a mistake surfaces at the sender. @throws {BadPayload} */
export const encode = <S extends z.ZodType>(schema: S, payload: z.infer<S>): string =>
  JSON.stringify(check(schema, payload));

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    throw new BadPayload('is not JSON');
  }
}

function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`,
  );
  throw new BadPayload(problems.join('; '));
}

/** While a cluster forms, it has fewer servers than the requested replicas. */
const noSuitablePeers = 10_005;

/** HTTP-like codes of temporary refusals: no leader, and (2.11 and newer) more messages than the stream can take in. */
const temporary: ReadonlySet<number> = new Set([503, 429]);

/** Whether the broker was temporarily unavailable (restart, election, lost connection), so that a retry can succeed. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof TimeoutError || error instanceof NoRespondersError) return true;
  if (error instanceof RequestError) return error.isNoResponders() || isUnavailable(error.cause);
  if (error instanceof JetStreamApiError)
    return temporary.has(error.status) || error.code === noSuitablePeers;
  // The client doesn't export this class.
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}

/** While a cluster forms, some servers don't know a new stream yet. */
const streamNotFound = 10_059;
const isForming = (error: unknown): boolean =>
  isUnavailable(error) || (error instanceof JetStreamApiError && error.code === streamNotFound);

const retryPolicy = (maxAttempts: number, isTemporary: (error: unknown) => boolean) =>
  retry(handleWhen(isTemporary), { maxAttempts, backoff: new ConstantBackoff(250) });
const throughElection = retryPolicy(40, isUnavailable);
const untilFormed = retryPolicy(480, isForming);

/** Retries an idempotent request through a broker restart or election, for at least 10 s. */
export const retryWhileUnavailable = <T>(request: () => Promise<T>): Promise<T> =>
  throughElection.execute(request);

const hasNoResponder = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
const throughHandover = retry(handleWhen(hasNoResponder), {
  maxAttempts: 10,
  backoff: new ConstantBackoff(100),
});

/** Repeats an untaken request for a second, in which another process takes over from one that stopped. */
export const retryThroughHandover = <T>(request: () => Promise<T>): Promise<T> =>
  throughHandover.execute(request);

/** As `retryWhileUnavailable`, but for at least two minutes: forming a cluster takes that long on a busy machine. */
export const retryUntilFormed = <T>(request: () => Promise<T>): Promise<T> => untilFormed.execute(request);
