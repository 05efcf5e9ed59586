/** One source of time for the whole project: real, scaled (a sandbox lives faster) or virtual (simulation). */
export interface Clock {
  /** How many project milliseconds pass in one real millisecond. */
  readonly scale: number;
  /** The current moment in project time, in ms since the epoch. */
  now(): number;
  /** Waits for `ms` of project time. Rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The project moment at which the machine's clock shows `realMs` (since the epoch). */
  at(realMs: number): number;
  /** Project ms that pass while the machine lives through `realMs`: what a GC pause or a round trip costs. */
  fromMachine(realMs: number): number;
  /** Real ms in which `ms` of project time pass: what a timer of the machine must be set to. */
  toMachine(ms: number): number;
}

export interface ClockSetting {
  readonly scale: number;
  /** The moment, in real ms since the epoch, at which project time and real time agree. */
  readonly anchor: number;
}

export const realTime: ClockSetting = { scale: 1, anchor: 0 };

/** Timers of the machine hold at most a signed 32-bit count of ms; longer waits are made of several. */
const longestTimer = 2_147_483_647;

/** A clock that runs on the machine's, `scale` times faster from `anchor` on. */
export function createClock({ scale, anchor }: ClockSetting = realTime): Clock {
  const at = (realMs: number) => (scale === 1 ? realMs : anchor + (realMs - anchor) * scale);
  const now = () => at(Date.now());
  return {
    scale,
    now,
    at,
    async sleep(ms, signal) {
      const until = now() + ms;
      for (let left = ms; left > 0; left = until - now()) {
        await realSleep(Math.min(left / scale, longestTimer), signal);
      }
    },
    fromMachine: (realMs) => realMs * scale,
    toMachine: (ms) => ms / scale,
  };
}

function realSleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, Math.ceil(ms));
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
