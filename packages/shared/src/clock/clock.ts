import { type Machine, pause, thisMachine } from './machine.ts';

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
  /** The time that this clock runs on. */
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
