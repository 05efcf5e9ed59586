import { type FreshnessClass, freshnessClasses } from '@paceline/shared/contracts';

const minute = 60_000;
const hour = 60 * minute;

/** Project ms before its start from which on an event is of a class. */
export const classBegins: Readonly<Record<FreshnessClass, number>> = {
  urgent: 15 * minute,
  near: hour,
  far: 48 * hour,
};

const classEnds: Readonly<Record<FreshnessClass, number>> = {
  urgent: 0,
  near: classBegins.urgent,
  far: classBegins.near,
};

/** From when until when (not including) an event is of a class; project ms. */
export const classSpan = (name: FreshnessClass, startsAt: number): { from: number; until: number } => ({
  from: startsAt - classBegins[name],
  until: startsAt - classEnds[name],
});

/** Undefined: it has started, or does not start within two days. */
export const classOf = (startsAt: number, now: number): FreshnessClass | undefined =>
  freshnessClasses.find((name) => {
    const { from, until } = classSpan(name, startsAt);
    return now >= from && now < until;
  });
