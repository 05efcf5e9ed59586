import { type Budget, laneOf, type Queue } from '@paceline/client';
import { availability, budgetLabel, countdown, duration, policyText, timeNear } from '@paceline/client/text';
import { type TextStyle, table } from './look.ts';

export function limitsLines(budgets: readonly Budget[], now: number, look: TextStyle): string[] {
  const rows = budgets.map((budget) => {
    const { text, reason } = availability(budget, now);
    return [
      budget.budget,
      budget.label,
      policyText(budget, now),
      [text, reason].filter(Boolean).join(' '),
      String(budget.waiting.count),
    ];
  });
  return table(['budget', 'calls', 'rate limit', 'now', 'waiting'], rows, look);
}

export function queueLines({ waiting, budgets }: Queue, now: number, look: TextStyle): string[] {
  if (waiting === 0) return ['No requests are waiting.'];
  const rows = budgets.flatMap(({ budget, requests }) =>
    requests.map(({ position, lane, waitedSeconds, estimatedAt }) => [
      budgetLabel(budget),
      String(position),
      { text: laneOf(lane).label, paint: (text: string) => look.paint.lane(lane, text) },
      duration(waitedSeconds * 1_000),
      `${timeNear(estimatedAt, now)} (in ${countdown(Date.parse(estimatedAt) - now)})`,
    ]),
  );
  return table(['rate limit', 'number', 'for', 'waited', 'expected'], rows, look);
}
