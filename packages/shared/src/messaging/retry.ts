import { JetStreamApiError } from '@nats-io/jetstream';
import { NoRespondersError, RequestError, TimeoutError } from '@nats-io/nats-core';
import { ConstantBackoff, handleWhen, retry } from 'cockatiel';

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

const patient = (maxAttempts: number) =>
  retry(handleWhen(isUnavailable), { maxAttempts, backoff: new ConstantBackoff(250) });
const throughElection = patient(40);
const untilFormed = patient(480);

/** Repeats an idempotent request through a broker's restart or election, some 10 s at the least. */
export const retryWhileUnavailable = <T>(request: () => Promise<T>): Promise<T> =>
  throughElection.execute(request);

/** As long as the servers of a cluster may take to find each other on a busy machine: two minutes at the least. */
export const retryUntilFormed = <T>(request: () => Promise<T>): Promise<T> => untilFormed.execute(request);
