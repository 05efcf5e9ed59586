import { classNames, freshnessClasses, type FreshnessClass } from '@paceline/shared/definition';

/** From when until when (not including) an event is of a class; project ms. */
export function classSpan(name: FreshnessClass, startsAt: number): { from: number; until: number } {
  const { beginsMs, endsMs } = freshnessClasses[name];
  return { from: startsAt - beginsMs, until: startsAt - endsMs };
}

/** Undefined: it has started, or does not start within two days. */
export const classOf = (startsAt: number, now: number): FreshnessClass | undefined =>
  classNames.find((name) => {
    const { from, until } = classSpan(name, startsAt);
    return now >= from && now < until;
  });
