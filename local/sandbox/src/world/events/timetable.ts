import { draw } from '../../random.ts';
import { HOUR } from '../../time.ts';
import { HORIZON, type PlannedEvent, planEvent } from './event.ts';

/** Events that start in each hour of the day, UTC: 155 a day, half of them between 19:00 and 21:00. */
const perHour = [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 5, 10, 21, 38, 35, 13, 4, 2] as const;

/** Ids are numbered through the hours; no hour has more events than this. */
const IDS_PER_HOUR = 50;
/** More hours than any question reaches over; beyond it the oldest planned hour is forgotten. */
const HOURS_KEPT = 1000;

export interface Timetable {
  /** The event with this id, whenever it is. */
  byId(id: number): PlannedEvent | undefined;
  /** What is listed at `at` (project ms): announced, not started, not beyond the horizon. */
  upcoming(at: number): PlannedEvent[];
  /** What starts in [from, until), listed yet or not. */
  startingIn(from: number, until: number): PlannedEvent[];
}

export function createTimetable(seed: number): Timetable {
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
    byId: (id) => inHour(Math.floor(id / IDS_PER_HOUR))[id % IDS_PER_HOUR],
    upcoming: (at) =>
      hoursFrom(at, HORIZON / HOUR).filter(
        ({ start, listedFrom }) => start > at && start <= at + HORIZON && listedFrom <= at,
      ),
    startingIn: (from, until) =>
      hoursFrom(from, Math.ceil((until - from) / HOUR)).filter(({ start }) => start >= from && start < until),
  };
}
