/** What becomes of a work message, said by its handler as a value. */
export type Settlement =
  | { readonly settle: 'done' }
  /** Deliver it again after so many real ms. */
  | { readonly settle: 'retry'; readonly afterMs: number; readonly reason: string }
  /** It can never be done: keep it aside with the reason. */
  | { readonly settle: 'dead-letter'; readonly reason: string };

export const done: Settlement = { settle: 'done' };
export const retryAfter = (afterMs: number, reason: string): Settlement => ({
  settle: 'retry',
  afterMs,
  reason,
});
export const deadLetter = (reason: string): Settlement => ({ settle: 'dead-letter', reason });

/** What a failed attempt comes to: again with growing pauses, until its attempts are used up. */
export function afterFailure(reason: string, attempt: number, maxDeliver: number): Settlement {
  if (attempt >= maxDeliver) return deadLetter(`${reason} (attempt ${attempt} of ${maxDeliver})`);
  return retryAfter(Math.min(30_000, 250 * 2 ** (attempt - 1)), reason);
}
