import { type PermitReply, type PermitRequest, catalog } from '../contracts/index.ts';
import { BadPayload, type Bus, request } from '../messaging/index.ts';
import { noAnswer } from './core/permit-protocol.ts';

/** Sends requests to a partition's limiter; those of one event-loop turn travel as one message. */
export interface Requester {
  /**
   * The answer, or `unavailable` when none came: then nothing is known, and asking again is safe.
   * @throws {BadPayload} when the request breaks its contract
   */
  request(asked: PermitRequest): Promise<PermitReply>;
  /** Waits no longer for answers to what was sent: the owner that was asked may be gone. */
  giveUp(): void;
}

interface Waiting {
  readonly asked: PermitRequest;
  readonly resolve: (answer: PermitReply) => void;
  readonly reject: (error: BadPayload) => void;
}

/** Real ms after which an unanswered message is given up; every request can be repeated. */
const patience = 3_000;
const largestBatch = 500;

export function createRequester(bus: Bus, partition: number): Requester {
  let turn: Waiting[] = [];
  const sent = new Set<readonly Waiting[]>();

  const send = async (batch: readonly Waiting[]) => {
    sent.add(batch);
    try {
      const requests = batch.map(({ asked }) => asked);
      const { replies } = await request(bus, catalog.requestPermits, { partition }, { requests }, patience);
      for (const [index, { resolve }] of batch.entries()) resolve(replies[index] ?? noAnswer);
    } catch (error) {
      if (error instanceof BadPayload) {
        apart(batch, error);
        return;
      }
      bus.log.debug({ err: error, partition }, 'the limiter did not answer');
      answerNone(batch);
    } finally {
      sent.delete(batch);
    }
  };

  /** A malformed request must not take the others of its turn with it. */
  const apart = (batch: readonly Waiting[], error: BadPayload) => {
    if (batch.length === 1) batch[0]?.reject(error);
    else for (const each of batch) void send([each]);
  };

  const flush = () => {
    const waiting = turn;
    turn = [];
    for (let from = 0; from < waiting.length; from += largestBatch)
      void send(waiting.slice(from, from + largestBatch));
  };

  return {
    request: (asked) =>
      new Promise((resolve, reject) => {
        if (turn.length === 0) setImmediate(flush);
        turn.push({ asked, resolve, reject });
      }),
    giveUp() {
      for (const batch of sent) answerNone(batch);
    },
  };
}

function answerNone(batch: readonly Waiting[]): void {
  for (const { resolve } of batch) resolve(noAnswer);
}
