import { type Source, sourceNames } from '../definition/index.ts';
import { z } from 'zod';
import { moment } from './vocabulary.ts';

/** A source of upstream is not available with our key any more, or available again. */
export const sourceChanged = z.object({
  source: z.enum(sourceNames),
  state: z.enum(['available', 'unavailable']),
  at: moment,
  /** The HTTP status, what was answered, and what may be done; null when it is available. */
  status: z.number().int().nullable(),
  message: z.string().nullable(),
  advice: z.string().nullable(),
});
export type SourceChanged = z.infer<typeof sourceChanged>;

/** What is said of a source that our key is not given. */
export const notAvailable = (source: Source, message: string): string =>
  `The ${source} of upstream are not available with this key: ${message}`;
