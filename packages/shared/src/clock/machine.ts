/** The time of the machine itself: it bounds processes and networks, whatever the project's clock shows. */
export interface Machine {
  /** Ms since the epoch. */
  now(): number;
  /** Ms on a clock that never goes back: only differences mean something. */
  elapsed(): number;
  /** Calls `then` once, not before `ms` have passed. Returns what calls it off. */
  after(ms: number, then: () => void): () => void;
  /** The moment of `now()` at which a clock on the wall, such as the broker's, showed `wallMs`. */
  at(wallMs: number): number;
}

/** Timers hold at most a signed 32-bit count of ms. */
const longestTimer = 2_147_483_647;

export const thisMachine: Machine = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, then) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const now = Math.min(Math.ceil(left), longestTimer);
      timer = setTimeout(() => (left > longestTimer ? wait(left - now) : then()), now);
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
  at: (wallMs) => wallMs,
};

/** Waits for `ms` of the machine's time. Rejects with the signal's reason when it aborts first. */
export function pause(machine: Machine, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      callOff();
      reject(signal?.reason);
    };
    const callOff = machine.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
