import { dayAndTime, duration } from '@paceline/client/text';

/** The viewer's time zone: `Europe/Berlin`. */
export const viewerZone = new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** `UTC+1` at a time, project ms; `UTC` without a difference. */
export function zoneOffset(time: number, timeZone = viewerZone): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'shortOffset' }).formatToParts(
    time,
  );
  return (parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC')
    .replace('GMT', 'UTC')
    .replace('UTC+0', 'UTC');
}

/** `Thu 26 Nov 18:34:12 UTC`, shown on hover next to every local time, charts included. */
export const utcText = (time: string | number): string => `${dayAndTime(time, 'UTC')} UTC`;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A duration in whole units: `45 s`, `12 min`, `3 h`, `2 d`. */
export function wholeDuration(ms: number): string {
  const unit = ms < minute ? second : ms < 2 * hour ? minute : ms < 2 * day ? hour : day;
  return duration(Math.floor(Math.max(0, ms) / unit) * unit);
}
