/** The only source of time: real, scaled (against a sandbox) or virtual (tests, simulation). */
export interface Clock {
  /** Project ms per real ms. */
  readonly scale: number;
  /** The current project time, ms since the epoch. */
  now(): number;
  /** Waits for `ms` of project time. Rejects with the signal's reason if it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** The project time at which the real time, such as of a broker timestamp, was `wallMs` (since the epoch). */
  at(wallMs: number): number;
  /** Converts real ms, such as of a round trip, to project ms. */
  toProjectMs(machineMs: number): number;
  /** Converts project ms to real ms. */
  toRealMs(ms: number): number;
  readonly machine: Machine;
}

export interface ClockSetting {
  readonly scale: number;
  /** When project time and real time are equal, ms since the epoch. */
  readonly anchor: number;
}

export const realTime: ClockSetting = { scale: 1, anchor: 0 };

/** A clock that runs `scale` times faster than the machine's, from `anchor` on. */
export function createClock({ scale, anchor }: ClockSetting = realTime, machine = thisMachine): Clock {
  const toProject = (machineMs: number) => (scale === 1 ? machineMs : anchor + (machineMs - anchor) * scale);
  const now = () => toProject(machine.now());
  return {
    scale,
    now,
    at: (wallMs) => toProject(machine.at(wallMs)),
    async sleep(ms, signal) {
      const until = now() + ms;
      for (let left = ms; left > 0; left = until - now()) await pause(machine, left / scale, signal);
    },
    toProjectMs: (machineMs) => machineMs * scale,
    toRealMs: (ms) => ms / scale,
    machine,
  };
}

/** Real time, for what depends on processes and networks rather than on project time. */
export interface Machine {
  now(): number;
  /** Ms on a monotonic clock; only differences are meaningful. */
  elapsed(): number;
  /** Calls `then` once after at least `ms`. @returns a function that cancels it */
  after(ms: number, then: () => void): () => void;
  /** The value of `now()` when the real time, such as of a broker timestamp, was `wallMs`. */
  at(wallMs: number): number;
}

/** The longest delay of a timer: a signed 32-bit number of ms. */
const maxTimerMs = 2_147_483_647;

export const thisMachine: Machine = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, then) {
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const now = Math.min(Math.ceil(left), maxTimerMs);
      timer = setTimeout(() => (left > maxTimerMs ? wait(left - now) : then()), now);
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
  at: (wallMs) => wallMs,
};

/** Waits for `ms` of real time. Rejects with the signal's reason if it aborts first. */
export function pause(machine: Machine, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = machine.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const shape = /^scale=(\d+(?:\.\d+)?),anchor=(\d+)$/;

/** Parses `scale=60,anchor=1764788400000`; empty means real time. @throws {Error} for another format or a scale below 1 */
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

/** Whether a URL must be a sandbox: on loopback or under `.test`, which RFC 6761 keeps out of the public DNS. */
export const isSandboxUrl = (url: string): boolean =>
  isLoopback(url) || new URL(url).hostname.endsWith('.test');
