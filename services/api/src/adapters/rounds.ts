/** Work that is done again and again. */
export interface Rounds {
  /** Returns when the round in hand is over; no other begins. */
  stop(): Promise<void>;
}

/** Does `round` at once, and again `pauseMs` (real) after it is over. @param round must not throw */
export function rounds(round: () => Promise<void>, pauseMs: number): Rounds {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let inHand: Promise<void>;
  const next = () => {
    inHand = round().then(() => {
      if (!stopped) timer = setTimeout(next, pauseMs);
    });
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await inHand;
    },
  };
}
