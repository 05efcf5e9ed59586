import type { Machine } from '../clock/index.ts';
import type { Offer } from '../contracts/index.ts';

/** Waiters of this process, woken when their turn has come, or when they should ask again. */
export interface Turns {
  /** Takes an offer in; one for a ticket that nobody waits for any more is dropped (the limiter takes it back). */
  come(offer: Offer): void;
  /** Ends every wait: whoever is asked next knows of nobody. */
  askAgain(): void;
  /** From this call on no offer for the ticket is missed, even one that overtakes the answer to the ask. */
  await(ticket: string): Turn;
  leave(ticket: string): void;
}

export interface Turn {
  /** The offer, or undefined when it is time to ask again: after `realMs` at the latest. @throws the signal's reason when it aborts first */
  within(realMs: number, signal: AbortSignal | undefined): Promise<Offer | undefined>;
}

export function createTurns(machine: Machine): Turns {
  const waiting = new Map<string, PromiseWithResolvers<Offer | undefined>>();
  return {
    come: (offer) => waiting.get(offer.ticket)?.resolve(offer),
    askAgain() {
      for (const turn of waiting.values()) turn.resolve(undefined);
    },
    leave: (ticket) => waiting.delete(ticket),
    await(ticket) {
      const turn = Promise.withResolvers<Offer | undefined>();
      waiting.set(ticket, turn);
      return { within: (realMs, signal) => orGiveUp(machine, turn.promise, realMs, signal) };
    },
  };
}

function orGiveUp(
  machine: Machine,
  offer: Promise<Offer | undefined>,
  realMs: number,
  signal: AbortSignal | undefined,
): Promise<Offer | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => {
      callOff();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      end();
      reject(signal?.reason);
    };
    const callOff = machine.after(realMs, () => {
      end();
      resolve(undefined);
    });
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    void offer.then((turn) => {
      end();
      resolve(turn);
    });
  });
}
