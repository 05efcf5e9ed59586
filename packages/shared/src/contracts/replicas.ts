import { z } from 'zod';

/** A partition that a limiter owns, and the sequence of its claim in the journal: null while it still claims it. */
export const owned = z.object({
  partition: z.number().int().nonnegative(),
  claim: z.number().int().positive().nullable(),
});
export type Owned = z.infer<typeof owned>;

/** A limiter says that it is there. */
export const presence = z.object({
  limiter: z.string().regex(/^[\w-]+$/),
  /** Counts its beats: hearing the newest one back tells it that the broker carries its word. */
  beat: z.number().int().positive(),
  owns: z.array(owned),
  /** It is about to end: whatever it owned is free. */
  leaving: z.boolean(),
});
export type Presence = z.infer<typeof presence>;

/** Says something by coming, or by being answered. */
export const nothing = z.object({});
