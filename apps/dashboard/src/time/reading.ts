/** What the API said the time was, and what this machine's stopwatch showed then (real ms). */
export interface Reading {
  /** Project time, ms since the epoch. */
  readonly now: number;
  /** Project ms that pass in one of this machine's. */
  readonly scale: number;
  readonly readAt: number;
}

/** Project time when the stopwatch shows `stopwatch`: nothing is known of the clock of the machine itself. */
export const nowBy = ({ now, scale, readAt }: Reading, stopwatch: number): number =>
  now + (stopwatch - readAt) * scale;
