import type { Alert, Part } from '@paceline/client';

export interface Problem {
  readonly key: string;
  readonly title: string;
  readonly since: string | null;
  readonly advice: string | null;
  readonly severity: Alert['severity'];
}

/** What is wrong now: open alerts, errors first, and parts that are down without an alert yet. */
export function problemsOf(alerts: readonly Alert[], parts: readonly Part[]): Problem[] {
  const open = alerts.filter(({ resolvedAt }) => resolvedAt === null);
  const titles = new Set(open.map(({ title }) => title));
  const isNew = ({ state, title }: Part) => state === 'down' && title !== null && !titles.has(title);
  return [
    ...parts.filter(isNew).map(({ part, title, since, advice }) => ({
      key: part,
      title: title ?? part,
      since,
      advice,
      severity: 'error' as const,
    })),
    ...open
      .map(({ alertId, title, since, advice, severity }) => ({
        key: alertId,
        title,
        since,
        advice,
        severity,
      }))
      .toSorted((one, other) => one.severity.localeCompare(other.severity)),
  ];
}

/** Since when nothing is wrong: the end of the last alert, or when the last part started; null: not known. */
export function quietSince(alerts: readonly Alert[], parts: readonly Part[]): string | null {
  const ends = [...alerts.map(({ resolvedAt }) => resolvedAt), ...parts.map(({ since }) => since)];
  return ends.reduce(
    (latest, end) => (end !== null && (latest === null || end > latest) ? end : latest),
    null,
  );
}
