import { type PermitReply, type PermitRequest, catalog } from '../contracts/index.ts';
import { BadPayload, type Bus, request } from '../messaging/index.ts';

/** Sends asks to an account's limiter; those of one event-loop turn travel as one message. */
export interface Asker {
  /**
   * The answer, or `unavailable` when none came: then nothing is known, and asking again is safe.
   * @throws {BadPayload} when the ask breaks its contract
   */
  ask(ask: PermitRequest): Promise<PermitReply>;
  /** Waits no longer for answers to what was sent: whoever was asked may not be there any more. */
  giveUp(): void;
}

interface Waiting {
  readonly ask: PermitRequest;
  readonly resolve: (answer: PermitReply) => void;
  readonly reject: (error: BadPayload) => void;
}

/** Real ms after which an unanswered message is given up; every ask can be repeated. */
const patience = 3_000;
const largestBatch = 500;

export function createAsker(bus: Bus, partition: number): Asker {
  let turn: Waiting[] = [];
  const sent = new Set<readonly Waiting[]>();

  const send = async (batch: readonly Waiting[]) => {
    sent.add(batch);
    try {
      const { answers } = await request(
        bus,
        catalog.ask,
        { partition },
        { asks: batch.map(({ ask }) => ask) },
        patience,
      );
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] ?? noAnswer);
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

  /** A wrong ask must not take the others of its turn with it. */
  const apart = (batch: readonly Waiting[], error: BadPayload) => {
    if (batch.length === 1) batch[0]?.reject(error);
    else for (const each of batch) void send([each]);
  };

  const flush = () => {
    const asks = turn;
    turn = [];
    for (let from = 0; from < asks.length; from += largestBatch)
      void send(asks.slice(from, from + largestBatch));
  };

  return {
    ask: (ask) =>
      new Promise((resolve, reject) => {
        if (turn.length === 0) setImmediate(flush);
        turn.push({ ask, resolve, reject });
      }),
    giveUp() {
      for (const batch of sent) answerNone(batch);
    },
  };
}

function answerNone(batch: readonly Waiting[]): void {
  for (const { resolve } of batch) resolve(noAnswer);
}

const noAnswer: PermitReply = { answer: 'unavailable', reason: 'the limiter did not answer' };
