import { parseSkips } from '@paceline/shared/config';

/** Says of moments (project ms) whether a slot that opens then is left out, by the clocks of its time zone. */
export function skipper(skip: string, timeZone: string): (opens: number) => boolean {
  const { times, weekdays, dates } = parseSkips(skip);
  if (times.length + weekdays.length + dates.length === 0) return () => false;
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return (opens) => {
    const parts = Object.fromEntries(clock.formatToParts(opens).map(({ type, value }) => [type, value]));
    const minute = Number(parts.hour) * 60 + Number(parts.minute);
    return (
      weekdays.includes(parts.weekday?.toLowerCase() ?? '') ||
      dates.includes(`${parts.year}-${parts.month}-${parts.day}`) ||
      times.some(([from, until]) =>
        from < until ? minute >= from && minute < until : minute >= from || minute < until,
      )
    );
  };
}
