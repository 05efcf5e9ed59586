import type { Machine } from '@paceline/shared/clock';

/**
 * Shares each reply with the requests that follow within a moment.
 * @param maxWaitMs machine ms that a caller waits at most @param sharedForMs machine ms that a reply is shared
 * @returns asks; undefined if it fails or takes too long
 */
export function sharedReply<T>(
  ask: () => Promise<T>,
  machine: Machine,
  { maxWaitMs, sharedForMs }: { maxWaitMs: number; sharedForMs: number },
): () => Promise<T | undefined> {
  let shared: Promise<T | undefined> | undefined;
  const forget = () => (shared = undefined);
  const askOnce = () =>
    ask().then(
      (reply) => {
        machine.after(sharedForMs, forget);
        return reply;
      },
      () => forget(),
    );
  return () =>
    new Promise((resolve) => {
      const cancelTimer = machine.after(maxWaitMs, () => resolve(undefined));
      shared ??= askOnce();
      void shared.then((reply) => {
        cancelTimer();
        resolve(reply);
      });
    });
}
