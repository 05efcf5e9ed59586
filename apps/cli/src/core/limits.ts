import { type Budget, fullLabel, laneOf, type Queue } from '@paceline/client';
import {
  availability,
  countdown,
  duration,
  foreignText,
  policyText,
  timeNear,
  usageText,
} from '@paceline/client/text';
import { type TextStyle, table } from './look.ts';

export function limitsLines(budgets: readonly Budget[], now: number, look: TextStyle): string[] {
  const rows = budgets.map((budget) => {
    const { text, reason } = availability(budget, now);
    return [
      budget.budget,
      fullLabel(budget),
      policyText(budget, now),
      [[text, reason].filter(Boolean).join(' '), usageText(budget, now), foreignText(budget, now)]
        .filter((part) => part !== undefined)
        .join(', '),
      String(budget.waiting.count),
    ];
  });
  return table(['budget', 'calls', 'rate limit', 'now', 'waiting'], rows, look);
}

export function queueLines({ waiting, budgets }: Queue, now: number, look: TextStyle): string[] {
  if (waiting === 0) return ['No requests are waiting.'];
  const rows = budgets.flatMap(({ requests, ...budget }) =>
    requests.map(({ position, lane, waitedSeconds, estimatedAt }) => [
      fullLabel(budget),
      String(position),
      { text: laneOf(lane).label, paint: (text: string) => look.paint.lane(lane, text) },
      duration(waitedSeconds * 1_000),
      `${timeNear(estimatedAt, now)} (in ${countdown(Date.parse(estimatedAt) - now)})`,
    ]),
  );
  return table(['rate limit', 'number', 'for', 'waited', 'expected'], rows, look);
}
