import { kindNames } from '@paceline/shared/definition';
import { howLong } from '@paceline/shared/words';
import { overrunsOf } from '../overlaps.ts';
import type { Reading } from '../reading.ts';
import type { Finding } from './finding.ts';

/** Slots that are still open when the next one of their kind opens, if only on the days when clocks change. */
export function overruns({ stretches, wall }: Reading): Finding[] {
  return kindNames.flatMap((kind) => {
    const [first] = stretches.flatMap(({ slots }) => overrunsOf(slots[kind]));
    if (!first) return [];
    const [slot, next] = first;
    return [
      {
        rule: 'overrun',
        severity: 'error',
        kinds: [kind],
        message: `The ${kind} slot ${wall.slot(slot)} of ${wall.moment(slot.scheduledFor)} is open for another ${howLong(slot.endsAt - next.scheduledFor)} when the next one opens at ${wall.moment(next.scheduledFor)}.`,
        timeline: [
          { at: slot.scheduledFor, says: `the ${kind} slot opens` },
          { at: next.scheduledFor, says: `the next ${kind} slot opens` },
          { at: slot.endsAt, says: 'the first one closes' },
        ],
      },
    ];
  });
}
