const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

const two = (count: number) => String(count).padStart(2, '0');

/** A wait as it is counted down: `0:07`, `4:12`, `1:04:12`, `2 d 3 h`. Negative ones are over: `0:00`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / second));
  if (seconds * second >= day)
    return `${Math.floor((seconds * second) / day)} d ${Math.floor(((seconds * second) % day) / hour)} h`;
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A length of time in the largest unit that says it: `45 s`, `15 min`, `2 h`, `1 d`. */
export function duration(ms: number): string {
  if (ms < minute) return `${Math.round(ms / second)} s`;
  if (ms < 2 * hour) return `${rounded(ms / minute)} min`;
  if (ms < 2 * day) return `${rounded(ms / hour)} h`;
  return `${rounded(ms / day)} d`;
}

const rounded = (value: number) => String(Math.round(value * 10) / 10);

/** A moment (ISO 8601, or ms since the epoch) as the API speaks of it, in UTC: `18:34:12`. */
export const clockTime = (moment: string | number): string => new Date(moment).toISOString().slice(11, 19);
/** `18:34` */
export const shortTime = (moment: string | number): string => clockTime(moment).slice(0, 5);

const date = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
});
/** `Thu 26 Nov` */
export const dayOf = (moment: string | number): string => date.format(new Date(moment)).replace(',', '');
/** `Thu 26 Nov 18:34:12` */
export const dayAndTime = (moment: string | number): string => `${dayOf(moment)} ${clockTime(moment)}`;
