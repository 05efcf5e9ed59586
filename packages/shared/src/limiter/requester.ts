import { type PermitReply, type PermitRequest, catalog } from '../contracts/index.ts';
import { BadPayload, type Bus, request } from '../messaging/index.ts';
import { noReply } from './core/permit-protocol.ts';

/** Sends requests to a partition's limiter; those of one event-loop turn are sent as one message. */
export interface Requester {
  /**
   * The reply, or `unavailable` when none arrives: then nothing is known, and repeating the request is safe.
   * @throws {BadPayload} when the request violates its contract
   */
  request(request: PermitRequest): Promise<PermitReply>;
  /** Stops waiting for replies to requests in flight: their owner may be gone. */
  abandon(): void;
}

interface PendingRequest {
  readonly request: PermitRequest;
  readonly resolve: (reply: PermitReply) => void;
  readonly reject: (error: BadPayload) => void;
}

/** Real ms to wait for a reply; every request can be repeated. */
const replyTimeout = 3_000;
const maxBatch = 500;

export function createRequester(bus: Bus, partition: number): Requester {
  let collected: PendingRequest[] = [];
  const sent = new Set<readonly PendingRequest[]>();

  const send = async (batch: readonly PendingRequest[]) => {
    sent.add(batch);
    try {
      const requests = batch.map((pending) => pending.request);
      const { replies } = await request(
        bus,
        catalog.requestPermits,
        { partition },
        { requests },
        replyTimeout,
      );
      for (const [index, { resolve }] of batch.entries()) resolve(replies[index] ?? noReply);
    } catch (error) {
      if (error instanceof BadPayload) {
        sendOneByOne(batch, error);
        return;
      }
      bus.log.debug({ err: error, partition }, 'no reply from the limiter');
      resolveWithoutReply(batch);
    } finally {
      sent.delete(batch);
    }
  };

  /** A malformed request must not fail the others of its batch. */
  const sendOneByOne = (batch: readonly PendingRequest[], error: BadPayload) => {
    if (batch.length === 1) batch[0]?.reject(error);
    else for (const each of batch) void send([each]);
  };

  const flush = () => {
    const pending = collected;
    collected = [];
    for (let from = 0; from < pending.length; from += maxBatch)
      void send(pending.slice(from, from + maxBatch));
  };

  return {
    request: (permitRequest) =>
      new Promise((resolve, reject) => {
        if (collected.length === 0) setImmediate(flush);
        collected.push({ request: permitRequest, resolve, reject });
      }),
    abandon() {
      for (const batch of sent) resolveWithoutReply(batch);
    },
  };
}

function resolveWithoutReply(batch: readonly PendingRequest[]): void {
  for (const { resolve } of batch) resolve(noReply);
}
