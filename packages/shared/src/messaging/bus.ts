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

/** Real ms. Short, as nobody answers during an election: retrying soon finds the new leader. */
const answerMs = 1_000;

export const createBus = (connection: NatsConnection, log: Logger): Bus => ({
  connection,
  js: jetstream(connection, { timeout: answerMs }),
  log,
});

/** A message whose content breaks its contract in the catalog. */
export class BadPayload extends Error {
  override name = 'BadPayload';
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads and checks a payload. @throws {BadPayload} naming the fields that are wrong */
export function decode<S extends z.ZodType>(schema: S, data: Uint8Array): z.infer<S> {
  return check(schema, parseJson(data));
}

/** Checks and writes a payload: what is wrong is found by its sender first. @throws {BadPayload} */
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

/** A cluster whose servers have not all found each other yet has too few for the copies that are wanted. */
const noSuitablePeers = 10_005;

/** Whether a broker could not answer just now (restart, election, lost connection), so asking again may help. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof TimeoutError || error instanceof NoRespondersError) return true;
  if (error instanceof RequestError) return error.isNoResponders() || isUnavailable(error.cause);
  if (error instanceof JetStreamApiError) return error.status === 503 || error.code === noSuitablePeers;
  // The client keeps this class to itself.
  return error instanceof Error && error.name === 'JetStreamNotEnabled';
}

/** Not every server of a cluster knows yet what one has just created. */
const streamNotFound = 10_059;
const isForming = (error: unknown): boolean =>
  isUnavailable(error) || (error instanceof JetStreamApiError && error.code === streamNotFound);

const patient = (maxAttempts: number, passes: (error: unknown) => boolean) =>
  retry(handleWhen(passes), { maxAttempts, backoff: new ConstantBackoff(250) });
const throughElection = patient(40, isUnavailable);
const untilFormed = patient(480, isForming);

/** Repeats an idempotent request through a broker's restart or election, some 10 s at the least. */
export const retryWhileUnavailable = <T>(request: () => Promise<T>): Promise<T> =>
  throughElection.execute(request);

/** As long as the servers of a cluster may take to find each other on a busy machine: two minutes at the least. */
export const retryUntilFormed = <T>(request: () => Promise<T>): Promise<T> => untilFormed.execute(request);
