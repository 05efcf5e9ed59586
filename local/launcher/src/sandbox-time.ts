import { type ClockSetting, createClock } from '@paceline/shared/clock';

const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * The clock of a sandbox that begins now. It sets the time to the next 18:20 UTC: the evening, when most races start,
 * when a far slot opens and five minutes before a near one, so that every kind of sync is seen within half a minute.
 * @param realNow ms since the epoch
 */
export function sandboxClock(realNow: number, scale: number): ClockSetting {
  const evening = 18 * 60 * minute + 20 * minute;
  const midnight = Math.floor(realNow / day) * day;
  const begins = midnight + evening > realNow ? midnight + evening : midnight + day + evening;
  // At the anchor both clocks agree; `scale` times faster, project time has reached `begins` by now.
  return { scale, anchor: Math.round(realNow - (begins - realNow) / (scale - 1)) };
}

/** Project time now, for what a launcher tells people. */
export const nowOn = (setting: ClockSetting): number => createClock(setting).now();
