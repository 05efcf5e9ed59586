import type { FreshnessClass, Result, Signup } from '@paceline/client';
import { freshnessClasses } from '@paceline/shared/definition';

/** Consecutive items with the same label, e.g. the same day. */
export function groupBy<T>(items: readonly T[], labelOf: (item: T) => string) {
  const groups: { label: string; items: T[] }[] = [];
  for (const item of items) {
    const label = labelOf(item);
    const last = groups.at(-1);
    if (last?.label === label) last.items.push(item);
    else groups.push({ label, items: [item] });
  }
  return groups;
}

/** `+5, −1 in 24 h`; empty without changes. */
export function lastDayText({ joined, withdrawn }: { joined: number; withdrawn: number }): string {
  const parts = [joined > 0 && `+${joined}`, withdrawn > 0 && `−${withdrawn}`].filter(
    (part) => part !== false,
  );
  return parts.length === 0 ? '' : `${parts.join(', ')} in 24 h`;
}

/** The strongest pen first: A+, A, B … */
const comparePens = (one: string, other: string): number => penKey(one).localeCompare(penKey(other));
const penKey = (pen: string): string => (pen.endsWith('+') ? `${pen.slice(0, -1)}0` : `${pen}1`);

export const sortPens = <T extends { readonly pen: string }>(pens: readonly T[]): T[] =>
  pens.toSorted((one, other) => comparePens(one.pen, other.pen));

export interface Filter {
  readonly pen?: string | undefined;
  readonly ours: boolean;
}

const passes =
  ({ pen, ours }: Filter) =>
  (rider: { readonly pen: string | null; readonly ours: boolean }): boolean =>
    (pen === undefined || rider.pen === pen) && (!ours || rider.ours);

/** The riders who are signed up now, by pen: our riders first, then by rating. */
export function startList(signups: readonly Signup[], filter: Filter) {
  const current = signups.filter(({ withdrawn }) => !withdrawn).filter(passes(filter));
  return [...Map.groupBy(current, ({ pen }) => pen)]
    .map(([pen, riders]) => ({ pen, riders: riders.toSorted(oursThenRating) }))
    .toSorted((one, other) => comparePens(one.pen, other.pen));
}

const oursThenRating = (one: Signup, other: Signup): number =>
  Number(other.ours) - Number(one.ours) ||
  (other.rating ?? -1) - (one.rating ?? -1) ||
  one.name.localeCompare(other.name);

/** Our riders by pen, those who withdrew last. */
export const ourRiders = (signups: readonly Signup[]): Signup[] =>
  sortPens(signups.filter(({ ours }) => ours)).toSorted(
    (one, other) => Number(one.withdrawn) - Number(other.withdrawn),
  );

export interface Change {
  readonly at: string;
  readonly joined: boolean;
  readonly signup: Signup;
}

/** Who joined and who withdrew, the newest change first; riders of the first copy may have joined long before it. */
export function changesOf(signups: readonly Signup[], filter: Filter): Change[] {
  const firstCopy = firstCopyOf(signups);
  return signups
    .filter(passes(filter))
    .flatMap((signup): Change[] => [
      ...(signup.firstSeenAt === firstCopy ? [] : [{ at: signup.firstSeenAt, joined: true, signup }]),
      ...(signup.withdrawnAt === null ? [] : [{ at: signup.withdrawnAt, joined: false, signup }]),
    ])
    .toSorted(
      (one, other) =>
        other.at.localeCompare(one.at) ||
        Number(other.signup.ours) - Number(one.signup.ours) ||
        one.signup.name.localeCompare(other.signup.name),
    );
}

const firstCopyOf = (signups: readonly Signup[]): string | undefined =>
  signups.map(({ firstSeenAt }) => firstSeenAt).toSorted()[0];

/** The number of signups after each copy that changed it, oldest first, and at the last copy; times in project ms. */
export function growthOf(
  signups: readonly Pick<Signup, 'firstSeenAt' | 'withdrawnAt'>[],
  copiedAt: string | null,
): { at: number; value: number }[] {
  const steps = signups
    .flatMap(({ firstSeenAt, withdrawnAt }) => [
      { at: Date.parse(firstSeenAt), change: 1 },
      ...(withdrawnAt === null ? [] : [{ at: Date.parse(withdrawnAt), change: -1 }]),
    ])
    .toSorted((one, other) => one.at - other.at);
  let current = 0;
  const counts = new Map<number, number>();
  for (const { at, change } of steps) {
    current += change;
    counts.set(at, current);
  }
  if (copiedAt !== null) counts.set(Date.parse(copiedAt), current);
  return [...counts].map(([at, value]) => ({ at, value }));
}

/** The results by pen, in the order of the API: finishers by place, then the others. */
export function resultGroups(results: readonly Result[], filter: Filter) {
  return [...Map.groupBy(results.filter(passes(filter)), ({ pen }) => pen ?? '')]
    .map(([pen, riders]) => ({ pen, riders }))
    .toSorted((one, other) => comparePens(one.pen, other.pen));
}

export const oursText = (ours: number): string => (ours === 0 ? 'none of ours' : `${ours} of ours`);

/** The start times of a class's events. @param now project ms */
export const startsIn = (name: FreshnessClass, now: number) => {
  const { fromMs, untilMs } = freshnessClasses[name];
  return { from: new Date(now + untilMs).toISOString(), to: new Date(now + fromMs).toISOString() };
};
