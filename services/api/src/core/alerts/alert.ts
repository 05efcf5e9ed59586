import type { AlertChanged } from '@paceline/shared/contracts';
import type { AlertKey, Condition } from './condition.ts';

/** An alert as it is kept. Moments are project ms. */
export interface AlertRow extends AlertChanged {
  readonly key: AlertKey;
  /** When its condition was last seen to hold. */
  readonly lastSeenAt: number;
}

/** Project ms for which a condition must be gone before its alert is resolved: what comes and goes is one alert. */
const calm = 5 * 60_000;

/** What was seen: the conditions that hold, and the beginnings of the keys of which nobody can say now. */
export interface Seen {
  readonly holding: readonly Condition[];
  readonly unknown: readonly AlertKey[];
}

/** What follows from what is seen now, given the alerts that are open. */
export interface Changes {
  readonly raise: readonly Condition[];
  /** Ids of those whose condition still holds. */
  readonly seen: readonly string[];
  readonly resolve: readonly string[];
}

/** An alert of which nobody can say whether it still holds goes on. */
export function changesOf(open: readonly AlertRow[], { holding, unknown }: Seen, now: number): Changes {
  const isOpen = new Set(open.map(({ key }) => key));
  const holds = new Set(holding.map(({ key }) => key));
  const isOver = ({ key, lastSeenAt }: AlertRow) =>
    !holds.has(key) && now - lastSeenAt >= calm && !unknown.some((each) => key.startsWith(each));
  return {
    raise: holding.filter(({ key }) => !isOpen.has(key)),
    seen: open.filter(({ key }) => holds.has(key)).map(({ id }) => id),
    resolve: open.filter(isOver).map(({ id }) => id),
  };
}

/** One id for one condition, whoever raises it: several that find it at once raise one alert. */
export const alertId = ({ key, since, isNews }: Condition, now: number): string =>
  `${key}.${isNews ? since : now}`;
