import { between, draw } from '@paceline/sandbox';
import type { Click } from './life.ts';
import type { Scenario } from './scenario.ts';

const day = 86_400_000;
/** From here on nobody is in a club. */
const firstStranger = 4_000_000;

/** Everybody who wants to see a rider, in order: the same for every strategy. Each wants another one. */
export function clicksOf({ seed, from, days, manualAdds }: Scenario): Click[] {
  const moments = Array.from({ length: Math.ceil(days) }, (_, index) => {
    const midnight = from - (from % day) + index * day;
    const single = Array.from({ length: manualAdds.perDay }, (_each, nth) =>
      between(draw(seed, 'click', index, nth), manualAdds.from, manualAdds.until),
    );
    const bursts = manualAdds.bursts.flatMap(({ at, count, within }, burst) =>
      Array.from({ length: count }, (_each, nth) => at + draw(seed, 'burst', index, burst, nth) * within),
    );
    return [...single, ...bursts].map((ofDay) => Math.floor(midnight + ofDay));
  });
  return [...manualAdds.moments, ...moments.flat()]
    .filter((at) => at >= from && at < from + days * day)
    .toSorted((a, b) => a - b)
    .map((at, index) => ({ at, riderId: firstStranger + index }));
}
