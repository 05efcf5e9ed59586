import { clockTime, dayOf } from '@paceline/dashboard/words/time';
import type { Alert } from '../api/shapes.ts';
import { type Look, type Paint, wrap } from './look.ts';

const moment = (text: string) => `${dayOf(Date.parse(text))} ${clockTime(Date.parse(text))}`;

/** What, and since when; red while something is wrong. */
export function alertHead({ title, severity, since, resolvedAt }: Alert, paint: Paint): string {
  const goesOn = resolvedAt === null;
  const said = goesOn && severity === 'error' ? paint.wrong(title) : goesOn ? paint.strong(title) : title;
  const until = resolvedAt === null ? 'since' : `over since ${moment(resolvedAt)}, began`;
  return `${said} ${paint.quiet(`(${until} ${moment(since)})`)}`;
}

/** Each alert with why, and what to do. */
export function alertLines(alerts: readonly Alert[], { width, paint }: Look): string[] {
  if (alerts.length === 0) return ['Nothing is wrong now.'];
  return alerts.flatMap((alert, index) => [
    ...(index === 0 ? [] : ['']),
    alertHead(alert, paint),
    ...wrap(alert.why, width - 2).map((line) => `  ${line}`),
    ...(alert.resolvedAt === null
      ? wrap(alert.todo, width - 4).map((line, at) => `  ${at === 0 ? '→' : ' '} ${line}`)
      : []),
  ]);
}
