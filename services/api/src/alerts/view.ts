import { z } from '@hono/zod-openapi';
import { type AlertChanged, alertTypes, severities } from '@paceline/shared/contracts';
import { isoTimes, time } from '../http/view.ts';

export const alertShape = z
  .object({
    alertId: z.string(),
    type: z.enum(alertTypes),
    severity: z.enum(severities),
    title: z.string(),
    reason: z.string(),
    advice: z.string().describe('What an operator can do'),
    since: time.describe('When the condition started'),
    raisedAt: time,
    resolvedAt: time.nullable().describe('null: still open'),
  })
  .openapi('Alert');
export type AlertView = z.infer<typeof alertShape>;

export function alertView(row: AlertChanged): AlertView {
  const { id: alertId, type, severity, title, why: reason, todo: advice } = row;
  const times = isoTimes(row, 'since', 'raisedAt', 'resolvedAt');
  return { alertId, type, severity, title, reason, advice, ...times };
}

/** `2026-03-01 12:00 UTC` */
export const timeText = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `90 s`, `15 min`, `6 h` */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Number((minutes / 60).toFixed(1))} h`;
}

/** `a`, `a and b`, `a, b and c` */
export const listText = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

export function chatMessage(alert: AlertChanged, url: string): string {
  const { severity, title, why, todo, since, raisedAt, resolvedAt, id } = alert;
  const link = `${url}/#/alerts/${encodeURIComponent(id)}`;
  if (resolvedAt !== null && resolvedAt !== raisedAt) {
    return `:white_check_mark: *Resolved: ${title}*\nLasted ${durationText(resolvedAt - since)}, until ${timeText(resolvedAt)}.\n<${link}|Open in the dashboard>`;
  }
  const sign = severity === 'error' ? ':rotating_light:' : ':warning:';
  return `${sign} *${title}*\n${why}\nSince ${timeText(since)}. ${todo}\n<${link}|Open in the dashboard>`;
}
