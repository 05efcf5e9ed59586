import { between, draw, pick } from '../random.ts';
import { HOUR, MINUTE } from '../time.ts';
import { titleOf } from './names.ts';

/** How far ahead events are listed, in project ms. */
export const HORIZON = 168 * HOUR;

const minutes = [0, 0, 0, 0, 0, 0, 30, 30, 30, 15, 15, 45, 45, 5, 10, 20, 25, 35, 40, 50, 55] as const;
const penSets = ['A,B,C,D,E', 'A,B,C,D,E', 'A,B,C,D', 'A+,A,B,C,D', 'A+,A,B', 'A,B', 'E'] as const;
const subTypes = ['Scratch', 'Scratch', 'Points', 'Time Trial', 'Ladder'] as const;
const types = ['Group Ride', 'Group Workout'] as const;

/** Crowds follow the clock: evenings in Europe are full, nights nearly empty. */
function crowd(hour: number): number {
  if (hour >= 17 && hour < 22) return 95;
  return hour >= 6 ? 40 : 15;
}

/** An event as it was planned. Moments are project ms. */
export type PlannedEvent = Readonly<ReturnType<typeof planEvent>>;

/** The event with this id, `hour` being the hours since the epoch in which it starts. */
function planEvent(seed: number, id: number, hour: number) {
  const of = (stream: string) => draw(seed, stream, id);
  const start = hour * HOUR + pick(of('minute'), minutes) * MINUTE;
  const isRace = of('race or ride') < 0.9;
  return {
    id,
    title: titleOf(seed, id),
    start,
    // In the list from then on. Most events are announced in the course of the week, so that the list is thinner towards its end.
    listedFrom:
      of('announced early') < 0.28
        ? start - HORIZON
        : Math.floor(start - between(of('announced'), 48 * HOUR, HORIZON)),
    /** Start to the last rider's finish. */
    duration: Math.round(between(of('duration'), 25, 75)) * MINUTE,
    type: isRace ? 'Race' : pick(of('type'), types),
    subType: isRace ? pick(of('sub-type'), subTypes) : '',
    routeId: Math.floor(between(of('route'), 1e7, 4e9)),
    /** Metres. */
    distance: Math.floor(between(of('distance'), 9_000, 62_000)),
    laps: 1 + Math.floor(of('laps') ** 2 * 8),
    staggeredStart: of('staggered') < 0.6,
    pens: of('no pens') < 0.04 ? [] : pick(of('pens'), penSets).split(','),
    /** How many riders ever sign up. */
    size: Math.max(3, Math.round(crowd(hour % 24) * between(of('size') ** 2, 0.25, 2.6))),
  };
}

/** Events that start in each hour of the day, UTC: 155 a day, half of them between 19:00 and 21:00. */
const perHour = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 5, 10, 21, 38, 35, 13, 4, 2] as const;

/** Ids are numbered through the hours; no hour has more events than this. */
const IDS_PER_HOUR = 50;
/** More hours than any question reaches over; beyond it the oldest planned hour is forgotten. */
const HOURS_KEPT = 1000;

export function createTimetable(seed: number) {
  const planned = new Map<number, readonly PlannedEvent[]>();

  const planHour = (hour: number): PlannedEvent[] => {
    const usual = perHour[((hour % 24) + 24) % 24] ?? 0;
    const more = usual < 5 ? 0 : Math.floor(draw(seed, 'busy hour', hour) * 3) - 1;
    return Array.from({ length: usual + more }, (_, index) =>
      planEvent(seed, hour * IDS_PER_HOUR + index, hour),
    );
  };
  const inHour = (hour: number): readonly PlannedEvent[] => {
    const events = planned.get(hour) ?? planHour(hour);
    planned.set(hour, events);
    const [oldest] = planned.keys();
    if (planned.size > HOURS_KEPT && oldest !== undefined) planned.delete(oldest);
    return events;
  };

  const hoursFrom = (at: number, hours: number): PlannedEvent[] => {
    const first = Math.floor(at / HOUR);
    return Array.from({ length: hours + 1 }, (_, index) => inHour(first + index)).flat();
  };

  return {
    /** The event with this id, whenever it is. */
    byId: (id: number): PlannedEvent | undefined => inHour(Math.floor(id / IDS_PER_HOUR))[id % IDS_PER_HOUR],
    /** What is listed at `at` (project ms): announced, not started, not beyond the horizon. */
    upcoming: (at: number) =>
      hoursFrom(at, HORIZON / HOUR).filter(
        ({ start, listedFrom }) => start > at && start <= at + HORIZON && listedFrom <= at,
      ),
    /** What starts in [from, until), listed yet or not. */
    startingIn: (from: number, until: number) =>
      hoursFrom(from, Math.ceil((until - from) / HOUR)).filter(({ start }) => start >= from && start < until),
  };
}
