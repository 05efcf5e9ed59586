import type { AlertRow } from './alert.ts';
import { span, time } from './words.ts';

/** What is sent to a chat: what, why, since when, what to do, and where to look. */
export function messageOf(alert: AlertRow, url: string): string {
  const { severity, title, why, todo, since, raisedAt, resolvedAt, id } = alert;
  const link = `${url}/#/alerts/${encodeURIComponent(id)}`;
  if (resolvedAt !== null && resolvedAt !== raisedAt) {
    return `:white_check_mark: *Over: ${title}*\nIt lasted ${span(resolvedAt - since)}, until ${time(resolvedAt)}.\n<${link}|See the moment>`;
  }
  const sign = severity === 'error' ? ':rotating_light:' : ':warning:';
  return `${sign} *${title}*\n${why}\nSince ${time(since)}. ${todo}\n<${link}|See the moment>`;
}
