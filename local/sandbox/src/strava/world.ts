import { draw, hash, pick } from '../random.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../time.ts';

/*
 * Athletes with an activity on most days. All data is a pure function of the seed and project time. An activity's id is
 * its athlete's and its day's: athlete 4812, day 20780 since the epoch, is 481220780.
 */

const days = 100_000;
const firstNames = ['Alex', 'Bo', 'Chris', 'Dana', 'Eli', 'Finn', 'Gil', 'Jo', 'Kim', 'Lou', 'Max', 'Noa'];
const lastNames = ['Berg', 'Costa', 'Dale', 'Field', 'Hill', 'Lake', 'Moor', 'Reed', 'Stone', 'Vale', 'Wood'];
const sports = [
  { sport: 'Ride', metersPerSecond: 8.2 },
  { sport: 'VirtualRide', metersPerSecond: 9.6 },
  { sport: 'Run', metersPerSecond: 3.1 },
] as const;

const isoTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '');

export function createStravaWorld(seed: number) {
  /** Everyone with an id from 1 to 99 999 exists. */
  const exists = (id: number) => Number.isInteger(id) && id > 0 && id < days;

  function athlete(id: number) {
    if (!exists(id)) return undefined;
    return {
      id,
      username: `rider${id}`,
      resource_state: 2,
      firstname: pick(draw(seed, 'first name', id), firstNames),
      lastname: pick(draw(seed, 'last name', id), lastNames),
      sex: draw(seed, 'sex', id) < 0.5 ? 'F' : 'M',
      premium: draw(seed, 'premium', id) < 0.3,
      created_at: isoTime(Date.UTC(2019, 0, 1) + draw(seed, 'created', id) * 1_000 * DAY),
      weight: Math.round(50 + draw(seed, 'weight', id) * 40),
    };
  }

  function activity(id: number, at: number) {
    const [owner, day] = [Math.floor(id / days), id % days];
    if (!exists(owner) || draw(seed, 'rests', owner, day) < 0.3) return undefined;
    const { sport, metersPerSecond } = pick(draw(seed, 'sport', owner, day), sports);
    const startsAt = day * DAY + 6 * HOUR + Math.floor(draw(seed, 'start', owner, day) * 12 * 60) * MINUTE;
    const seconds = Math.round(1_800 + draw(seed, 'length', owner, day) * 7_200);
    if (startsAt + seconds * SECOND > at) return undefined;
    return {
      id,
      resource_state: 2,
      athlete: { id: owner, resource_state: 1 },
      name: `${sport} of ${isoTime(startsAt).slice(0, 10)}`,
      type: sport,
      sport_type: sport,
      start_date: isoTime(startsAt),
      distance: Math.round(seconds * metersPerSecond),
      moving_time: seconds,
      elapsed_time: Math.round(seconds * 1.05),
      total_elevation_gain: Math.round(draw(seed, 'climb', owner, day) * 1_200),
      average_watts: Math.round(120 + draw(seed, 'power', owner, day) * 160),
    };
  }

  return {
    athlete,
    activity,
    /** The athlete whose token a key is. */
    ownerOf: (key: string): number => 1 + (hash(seed, key) % (days - 1)),
    /** The newest activities first, of the last 200 days. */
    activities(owner: number, at: number, page: number, perPage: number) {
      const today = Math.floor(at / DAY);
      const found = Array.from({ length: 200 }, (_, back) => activity(owner * days + today - back, at));
      return found.filter((each) => each !== undefined).slice((page - 1) * perPage, page * perPage);
    },
  };
}
