/** Spans of project time in ms. */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Upstream speaks of moments in whole seconds since the epoch. */
export const toSeconds = (ms: number): number => Math.floor(ms / SECOND);
