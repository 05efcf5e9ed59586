const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const twoDigits = (count: number) => String(count).padStart(2, '0');

/** Time left: `0:07`, `4:12`, `1:04:12`, `2 d 3 h`; `0:00` when negative. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / second));
  if (seconds * second >= day)
    return `${Math.floor((seconds * second) / day)} d ${Math.floor(((seconds * second) % day) / hour)} h`;
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0
    ? `${hours}:${twoDigits(minutes)}:${twoDigits(seconds % 60)}`
    : `${minutes}:${twoDigits(seconds % 60)}`;
}

/** A duration in its largest useful unit: `45 s`, `15 min`, `2 h`, `1 d`. */
export function duration(ms: number): string {
  if (ms < minute) return `${Math.round(ms / second)} s`;
  if (ms < 2 * hour) return `${rounded(ms / minute)} min`;
  if (ms < 2 * day) return `${rounded(ms / hour)} h`;
  return `${rounded(ms / day)} d`;
}

const rounded = (value: number) => String(Math.round(value * 10) / 10);

let shownZone = 'UTC';
/** Shows all times in this zone: for a program that knows its viewer's. Until then they are in UTC. */
export function showTimesIn(timeZone: string): void {
  shownZone = timeZone;
}

/** Offsets change at full quarters of an hour at most. Formatting a zone is slow, and pages format all times often. */
const quarter = 15 * minute;
const offsets = new Map<string, number>();

function offsetOf(time: number, timeZone: string): number {
  const key = `${timeZone} ${Math.floor(time / quarter)}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    const wholeSeconds = Math.floor(time / second) * second;
    offset = Date.parse(`${format.format(wholeSeconds).replace(' ', 'T')}Z`) - wholeSeconds;
    offsets.set(key, offset);
  }
  return offset;
}

/** The time of day and date in a zone, written like UTC: `2026-11-26T18:34:12.000Z`. */
function inZone(time: string | number, timeZone: string): string {
  const ms = new Date(time).getTime();
  return new Date(ms + (timeZone === 'UTC' ? 0 : offsetOf(ms, timeZone))).toISOString();
}

/** Time of day: `18:34:12`. @param time ISO 8601, or ms since the epoch */
export const clockTime = (time: string | number, timeZone = shownZone): string =>
  inZone(time, timeZone).slice(11, 19);
/** `18:34` */
export const shortTime = (time: string | number): string => clockTime(time).slice(0, 5);

const date = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
/** `Thu 26 Nov` */
export const dayOf = (time: string | number, timeZone = shownZone): string =>
  date.format(new Date(inZone(time, timeZone))).replace(',', '');
/** `Thu 26 Nov 18:34:12` */
export const dayAndTime = (time: string | number, timeZone = shownZone): string =>
  `${dayOf(time, timeZone)} ${clockTime(time, timeZone)}`;

const isSameDay = (one: string | number, other: string | number) =>
  inZone(one, shownZone).slice(0, 10) === inZone(other, shownZone).slice(0, 10);
/** `18:34:12`, or `Thu 26 Nov 18:34:12` when that is another day than `near`. */
export const timeNear = (time: string | number, near: string | number): string =>
  isSameDay(time, near) ? clockTime(time) : dayAndTime(time);
/** `18:34`, or `Thu 26 Nov 18:34` when that is another day than `near`. */
export const shortTimeNear = (time: string | number, near: string | number): string =>
  timeNear(time, near).slice(0, -3);
/** `Thu 26 Nov 18:34:12 to 19:34:12`, or with two days. */
export const timeRange = (from: string | number, to: string | number): string =>
  `${dayAndTime(from)} to ${timeNear(to, from)}`;

/** `6 s ago`: never in the future, as clocks can differ a little. @param now project ms */
export const agoText = (time: string, now: number): string =>
  `${duration(Math.max(0, now - Date.parse(time)))} ago`;

const isoTimes = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** A reason of the API with its times in the shown zone: `can't be fetched before 18:34:12`. @param now project ms */
export const withShownTimes = (reason: string, now: number): string =>
  reason.replaceAll(isoTimes, (time) => timeNear(time, now));

/** `fetched at 18:34:12 (6 s ago)` @param now project ms */
export const fetchedText = (fetchedAt: string, now: number): string =>
  `fetched at ${timeNear(fetchedAt, now)} (${agoText(fetchedAt, now)})`;

/** `in 12:30`, `in 3 h` or `5 min ago`. @param now project ms */
export function fromNow(time: string, now: number): string {
  const left = Date.parse(time) - now;
  if (left < 0) return `${duration(-left)} ago`;
  return `in ${left < 3_600_000 ? countdown(left) : duration(left)}`;
}

/** `in 12:30`, or `now` when it is due. @param now project ms */
export const untilText = (time: string, now: number): string =>
  Date.parse(time) <= now ? 'now' : fromNow(time, now);

/** `add rider` → `Add rider`, where a text stands alone. */
export const sentenceCase = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
