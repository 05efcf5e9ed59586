/** A moment as people and programs read it in JSON: ISO 8601 in UTC. */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** As `iso`, and null for what is not known or has not happened. */
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms));

/** Whole seconds of project time since `ms`. */
export const ageSeconds = (ms: number, now: number): number => Math.max(0, Math.floor((now - ms) / 1_000));
