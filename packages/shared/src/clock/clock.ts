/** One source of time for the whole project: real, scaled (a sandbox lives faster) or virtual (tests, simulation). */
export interface Clock {
  /** How many project milliseconds pass in one millisecond of the machine. */
  readonly scale: number;
  /** The current moment in project time, in ms since the epoch. */
  now(): number;
  /** Waits for `ms` of project time. Rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The project moment at which a clock on the wall, such as the broker's, showed `wallMs` (since the epoch). */
  at(wallMs: number): number;
  /** Project ms that pass while the machine lives through `machineMs`: what a GC pause or a round trip costs. */
  fromMachine(machineMs: number): number;
  /** Ms of the machine in which `ms` of project time pass. */
  toMachine(ms: number): number;
  readonly machine: Machine;
}

export interface ClockSetting {
  readonly scale: number;
  /** The moment, in ms since the epoch, at which project time and the machine's time agree. */
  readonly anchor: number;
}

export const realTime: ClockSetting = { scale: 1, anchor: 0 };

/** A clock that runs on the machine's, `scale` times faster from `anchor` on. */
export function createClock({ scale, anchor }: ClockSetting = realTime, machine = thisMachine): Clock {
  const shown = (machineMs: number) => (scale === 1 ? machineMs : anchor + (machineMs - anchor) * scale);
  const now = () => shown(machine.now());
  return {
    scale,
    now,
    at: (wallMs) => shown(machine.at(wallMs)),
    async sleep(ms, signal) {
      const until = now() + ms;
      for (let left = ms; left > 0; left = until - now()) await pause(machine, left / scale, signal);
    },
    fromMachine: (machineMs) => machineMs * scale,
    toMachine: (ms) => ms / scale,
    machine,
  };
}

/** The time of the machine itself: it bounds processes and networks, whatever the project's clock shows. */
export interface Machine {
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

const shape = /^scale=(\d+(?:\.\d+)?),anchor=(\d+)$/;

/** Reads `scale=60,anchor=1764788400000`; empty means real time. @throws {Error} on another shape or a scale below 1 */
export function parseClock(text: string | undefined): ClockSetting {
  if (!text) return realTime;
  const [, scale, anchor] = shape.exec(text) ?? [];
  if (scale === undefined || anchor === undefined || Number(scale) < 1) {
    throw new Error('must look like "scale=60,anchor=<epoch ms>" with a scale of at least 1');
  }
  return { scale: Number(scale), anchor: Number(anchor) };
}

export const formatClock = ({ scale, anchor }: ClockSetting): string => `scale=${scale},anchor=${anchor}`;

const loopbackHosts = new Set(['localhost', '[::1]']);

export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return loopbackHosts.has(hostname) || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether upstream is on this machine or under `.test`, which RFC 6761 keeps out of the public DNS: a sandbox. */
export const mayRunFaster = (url: string): boolean =>
  isLoopback(url) || new URL(url).hostname.endsWith('.test');
