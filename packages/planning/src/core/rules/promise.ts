import { kinds } from '@paceline/shared/definition';
import { count, howLong } from '@paceline/shared/words';
import { type Gap, gapsOf, oldestOf, type Spent, withinMs } from '../ages.ts';
import type { Promised } from '../plan.ts';
import { roomOf } from '../room.ts';
import { range } from '../words.ts';
import type { Reading } from '../reading.ts';
import type { Finding, Moment } from './finding.ts';

/** Promises that no order of the calls could keep. */
export const brokenPromises = (reading: Reading): Finding[] =>
  reading.plan.promises.flatMap((promised) => broken(reading, promised));

function broken({ plan, stretches, turnsBy, wall }: Reading, promised: Promised): Finding[] {
  const { kind } = promised;
  const things = plan.things[kind];
  const spent = turnsBy(kind);
  const within = withinMs(promised, stretches);
  const oldest = oldestOf(spent, things);
  const [week] = spent;
  if (!week || oldest <= within) return [];
  const gap = firstTooOld(spent, things, within);
  const { fewest, most } = roomOf(kind, week);
  const name = kinds[kind].thing;
  const often =
    oldest === Infinity ? 'none in the week that is looked at' : `one every ${howLong(oldest)} at best`;
  const example = gap
    ? ` The first that is too old: ${numbered(name, gap)}, from ${wall.moment(gap.from + within)} on.`
    : '';
  return [
    {
      rule: 'promise',
      severity: 'error',
      kinds: [kind],
      message: `Each ${name} was promised a refresh every ${howLong(within)}, but gets ${often}: ${count(things, name)} take turns, and a slot has room for ${range(fewest, most)}.${example}`,
      timeline: gap ? timelineOf(gap, name, within) : [],
    },
  ];
}

/** One that is seen to begin and end with a call tells more than one that the stretch cuts off. */
function firstTooOld(spent: readonly Spent[], things: number, within: number): Gap | undefined {
  const gaps = spent.flatMap(({ stretch, calls }) => gapsOf(calls, things, stretch));
  const tooOld = gaps.filter(({ from, until }) => until - from > within);
  return tooOld.find(({ whole }) => whole) ?? tooOld[0];
}

const numbered = (name: string, { thing }: Gap): string => `${name} ${thing}`;

const timelineOf = (gap: Gap, name: string, within: number): Moment[] => [
  {
    at: gap.from,
    says: gap.whole ? `${numbered(name, gap)} is refreshed` : `say ${numbered(name, gap)} is fresh`,
  },
  { at: gap.from + within, says: `its copy becomes older than ${howLong(within)}` },
  {
    at: gap.until,
    says: gap.whole
      ? `it is refreshed again, after ${howLong(gap.until - gap.from)}`
      : `it has not been refreshed for ${howLong(gap.until - gap.from)}`,
  },
];
