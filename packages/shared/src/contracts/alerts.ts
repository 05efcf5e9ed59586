import { z } from 'zod';
import { moment } from './vocabulary.ts';

/** What operators are told of. */
export const alertTypes = [
  'rate_limit_exceeded',
  'limit_learned',
  'journal_lost',
  'sync_conflict',
  'long_queue',
  'stale_data',
  'source_unavailable',
] as const;
export type AlertType = (typeof alertTypes)[number];

export const severities = ['error', 'warning'] as const;

/** An alert was raised, or is over. */
export const alertChanged = z.object({
  id: z.string().min(1),
  type: z.enum(alertTypes),
  severity: z.enum(severities),
  title: z.string(),
  why: z.string(),
  /** What an operator can do. */
  todo: z.string(),
  /** When it began. */
  since: moment,
  raisedAt: moment,
  /** null: it goes on. */
  resolvedAt: moment.nullable(),
});
export type AlertChanged = z.infer<typeof alertChanged>;
