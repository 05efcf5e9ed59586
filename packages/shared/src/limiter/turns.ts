import type { Offer } from '../contracts/index.ts';

/** Waiters of this process, woken by the offer that says that their turn has come. */
export interface Turns {
  /** Takes an offer in; one for a ticket that nobody waits for any more is dropped (the limiter takes it back). */
  come(offer: Offer): void;
  /** From this call on no offer for the ticket is missed, even one that overtakes the answer to the ask. */
  await(ticket: string): Turn;
  leave(ticket: string): void;
}

export interface Turn {
  /** The offer, or undefined after `realMs`. @throws the signal's reason when it aborts first */
  within(realMs: number, signal: AbortSignal | undefined): Promise<Offer | undefined>;
}

export function createTurns(): Turns {
  const waiting = new Map<string, PromiseWithResolvers<Offer>>();
  return {
    come: (offer) => waiting.get(offer.ticket)?.resolve(offer),
    leave: (ticket) => waiting.delete(ticket),
    await(ticket) {
      const turn = Promise.withResolvers<Offer>();
      waiting.set(ticket, turn);
      return { within: (realMs, signal) => orGiveUp(turn.promise, realMs, signal) };
    },
  };
}

function orGiveUp(
  offer: Promise<Offer>,
  realMs: number,
  signal: AbortSignal | undefined,
): Promise<Offer | undefined> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = () => {
      end();
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      end();
      resolve(undefined);
    }, realMs);
    signal?.addEventListener('abort', onAbort);
    if (signal?.aborted) onAbort();
    void offer.then((turn) => {
      end();
      resolve(turn);
    });
  });
}
