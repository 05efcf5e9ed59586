import { dayAndTime, shortTime, shortTimeNear, timeNear } from '@paceline/client/text';
import { minute, second, useNow } from '../app/clock.tsx';
import { utcText, wholeDuration } from './zone.ts';

interface TimeProps {
  /** ISO 8601, or ms since the epoch. */
  readonly at: string | number;
}

const dayWithYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** A text about a time, with that time in UTC on hover. */
const Stamp = ({ at, text }: TimeProps & { text: string }) => (
  <time dateTime={new Date(at).toISOString()} title={utcText(at)}>
    {text}
  </time>
);

/** `18:34:12`, or `18:30` on a full minute, with its day unless it is today; in the viewer's time zone. */
export function Time({ at }: TimeProps) {
  const now = useNow(minute);
  const isFullMinute = new Date(at).getTime() % minute === 0;
  return <Stamp at={at} text={isFullMinute ? shortTimeNear(at, now) : timeNear(at, now)} />;
}

/** `18:34`, next to its day; in the viewer's time zone. */
export const TimeOfDay = ({ at }: TimeProps) => <Stamp at={at} text={shortTime(at)} />;

/** `Thu 26 Nov 18:34:12`, in the viewer's time zone. */
export const DateTime = ({ at }: TimeProps) => <Stamp at={at} text={dayAndTime(at)} />;

/** `26 Nov 2026`, in the viewer's time zone. */
export const Day = ({ at }: TimeProps) => <Stamp at={at} text={dayWithYear.format(new Date(at))} />;

/** `3 min ago` */
export const Age = ({ at }: TimeProps) => (
  <Stamp at={at} text={`${wholeDuration(useNow(second) - new Date(at).getTime())} ago`} />
);

/** `in 12 min`, or `now` once the time has come. */
export function Countdown({ at }: TimeProps) {
  const left = new Date(at).getTime() - useNow(second);
  return <Stamp at={at} text={left >= second ? `in ${wholeDuration(left)}` : 'now'} />;
}
