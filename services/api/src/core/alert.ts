import { type AlertChanged, alertTypes, severities } from '@paceline/shared/contracts';
import { z } from 'zod';
import { iso, isoOrNull } from './times.ts';

const time = z.iso.datetime();

/** An alert as the API shows it. */
export const alertShape = z.object({
  id: z.string(),
  type: z.enum(alertTypes),
  severity: z.enum(severities),
  title: z.string(),
  why: z.string(),
  todo: z.string().describe('What an operator can do'),
  since: time.describe('When it began'),
  raisedAt: time,
  resolvedAt: time.nullable().describe('null: it goes on'),
});
export type AlertView = z.infer<typeof alertShape>;

export function alertView(row: AlertChanged): AlertView {
  const { id, type, severity, title, why, todo, since, raisedAt, resolvedAt } = row;
  const moments = { since: iso(since), raisedAt: iso(raisedAt), resolvedAt: isoOrNull(resolvedAt) };
  return { id, type, severity, title, why, todo, ...moments };
}
