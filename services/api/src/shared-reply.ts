import type { Machine } from '@paceline/shared/clock';

/**
 * Shares each reply with the requests that follow within a moment.
 * @param maxWaitMs machine ms that a caller waits at most @param sharedForMs machine ms that a reply is shared
 * @param keptForMs machine ms that it still serves callers, without a wait, while a new one is asked for
 * @returns asks; undefined if it fails or takes too long
 */
export function sharedReply<T>(
  ask: () => Promise<T>,
  machine: Machine,
  { maxWaitMs, sharedForMs, keptForMs = 0 }: { maxWaitMs: number; sharedForMs: number; keptForMs?: number },
): () => Promise<T | undefined> {
  let last: { readonly reply: T; readonly at: number } | undefined;
  let asked: Promise<T | undefined> | undefined;
  const askOnce = () =>
    ask()
      .then(
        (reply) => {
          last = { reply, at: machine.elapsed() };
          return reply;
        },
        () => undefined,
      )
      .finally(() => (asked = undefined));
  return async () => {
    const age = last ? machine.elapsed() - last.at : Infinity;
    if (last && age < sharedForMs) return last.reply;
    asked ??= askOnce();
    if (last && age < keptForMs) return last.reply;
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const cancelTimer = machine.after(maxWaitMs, () => resolve(undefined));
    void asked.then(resolve).finally(cancelTimer);
    return promise;
  };
}
