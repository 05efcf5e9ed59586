/** Durations in ms. */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Upstream's timestamps are whole seconds since the epoch. */
export const toSeconds = (ms: number): number => Math.floor(ms / SECOND);
