const minute = 60_000;
const hour = 60 * minute;

/** What part of time is looked at; null follows now. */
export type Range = { readonly from: number; readonly to: number } | null;

const before = 3 * hour;
const after = hour;
const least = 2 * minute;
const most = 48 * hour;

/** Without a choice: the last hours and the next. */
export const shownRange = (range: Range, now: number): { from: number; to: number } =>
  range ?? { from: now - before, to: now + after };

/** Half an hour before a moment, and after it; null when it is none. */
export function momentRange(text: string | undefined): Range {
  const moment = Date.parse(text ?? '');
  return Number.isNaN(moment) ? null : around(moment, hour);
}

/** A stretch that was dragged over; undefined when it was no more than a click. */
export function dragged(one: number, other: number): Range | undefined {
  const [from, to] = [Math.min(one, other), Math.max(one, other)];
  return to - from < least / 4 ? undefined : around((from + to) / 2, to - from);
}

/** Makes what is shown `factor` times as long, around its middle. */
export const zoomed = ({ from, to }: NonNullable<Range>, factor: number): Range =>
  around((from + to) / 2, (to - from) * factor);

/** Goes along by a share of what is shown. */
export const moved = ({ from, to }: NonNullable<Range>, share: number): Range =>
  around((from + to) / 2 + (to - from) * share, to - from);

function around(middle: number, length: number): Range {
  const kept = Math.min(most, Math.max(least, length));
  return { from: middle - kept / 2, to: middle + kept / 2 };
}
