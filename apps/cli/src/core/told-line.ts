import { laneOf, laneWords } from '@paceline/dashboard/palette';
import { isWrong } from '@paceline/dashboard/words/riders';
import { kindWords, outcome } from '@paceline/dashboard/words/runs';
import { clockTime, countdown } from '@paceline/dashboard/words/time';
import type { Told } from '../api/shapes.ts';
import { sentenceOf } from './command-lines.ts';
import type { Look, Paint } from './look.ts';
import type { Heard } from './sse.ts';

/** Something that was told, as lines: when, what, and what of it. @param now project ms */
export function toldLines({ type, data }: Heard, now: number, { paint }: Look): string[] {
  if (type === 'gap')
    return [paint.wrong('Some of what happened is not kept any more, and is missing here.')];
  return words({ type, data } as Told, now, paint).map(
    ({ at, says }) => `${paint.quiet(clockTime(Date.parse(at)))}  ${type.split('.')[0]?.padEnd(9)}  ${says}`,
  );
}

interface Line {
  readonly at: string;
  readonly says: string;
}

function words(told: Told, now: number, paint: Paint): Line[] {
  switch (told.type) {
    case 'run.changed': {
      const { kind, state, at, error } = told.data;
      const name = paint.lane(laneOf[kind], kindWords[kind]);
      return [{ at, says: `${name} ${state}: ${error === null ? outcome(told.data) : paint.wrong(error)}` }];
    }
    case 'command.changed': {
      const says = sentenceOf(told.data, now);
      return [{ at: told.data.updatedAt, says: isWrong(told.data) ? paint.wrong(says) : says }];
    }
    case 'permits.changed':
      return told.data.changes.map(({ at, ...change }) => ({ at, says: permitWords(change, paint) }));
    case 'conflict': {
      const { at, budget, blocked, blockedBy, expectedWaitSeconds } = told.data;
      const wait = countdown(expectedWaitSeconds * 1_000);
      const [waits, goes] = [blocked, blockedBy].map((lane) => paint.lane(lane, laneWords[lane]));
      return [{ at, says: `${waits} waits ${wait} for ${budget} because of ${goes}` }];
    }
    case 'alert':
      return [{ at: told.data.at, says: paint.wrong(told.data.message) }];
    case 'alert.changed': {
      const { title, resolvedAt, since, why } = told.data;
      return resolvedAt === null
        ? [{ at: since, says: `${paint.wrong(title)}: ${why}` }]
        : [{ at: resolvedAt, says: `over: ${title}` }];
    }
    case 'source.changed': {
      const { source, state, at, message } = told.data;
      return [
        {
          at,
          says:
            state === 'available' ? `${source} available` : paint.wrong(`${source} unavailable: ${message}`),
        },
      ];
    }
    case 'freshness.measured': {
      const { at, classes } = told.data;
      const shares = classes.map((each) => `${each.class} ${each.within} of ${each.events}`);
      return [{ at, says: `events with a copy within the goal: ${shares.join(', ')}` }];
    }
    case 'schedule.changed': {
      const { since, version, from } = told.data;
      const by = from === 'changed' ? 'changed by hand' : 'as configured';
      return [{ at: since ?? new Date(now).toISOString(), says: `version ${version} is in force, ${by}` }];
    }
  }
}

type Change = Omit<Extract<Told, { type: 'permits.changed' }>['data']['changes'][number], 'at'>;

function permitWords({ change, budget, lane, status, result }: Change, paint: Paint): string {
  if (change === 'started')
    return `${budget} call begins${lane === null ? '' : `, ${paint.lane(lane, laneWords[lane])}`}`;
  if (change === 'returned') return `${budget} permit given back`;
  const answer = status === null ? (result ?? 'ended').replaceAll('_', ' ') : `answered ${status}`;
  return `${budget} call ${status === 429 ? paint.wrong(answer) : answer}`;
}
