import type { Alert, StreamEvent } from '@paceline/client';
import { clockTime, countdown, dayAndTime, isFailed, outcome, describeCommand } from '@paceline/client/text';
import { kinds, lanes } from '@paceline/shared/definition';
import { type Look, type Paint, wrap } from './look.ts';

export function alertHead({ title, severity, since, resolvedAt }: Alert, paint: Paint): string {
  const goesOn = resolvedAt === null;
  const said = goesOn && severity === 'error' ? paint.wrong(title) : goesOn ? paint.strong(title) : title;
  const until = resolvedAt === null ? 'since' : `over since ${dayAndTime(resolvedAt)}, began`;
  return `${said} ${paint.quiet(`(${until} ${dayAndTime(since)})`)}`;
}

export function alertLines(alerts: readonly Alert[], { width, paint }: Look): string[] {
  if (alerts.length === 0) return ['Nothing is wrong now.'];
  return alerts.flatMap((alert, index) => [
    ...(index === 0 ? [] : ['']),
    alertHead(alert, paint),
    ...wrap(alert.why, width - 2).map((line) => `  ${line}`),
    ...(alert.resolvedAt === null
      ? wrap(alert.todo, width - 4).map((line, at) => `  ${at === 0 ? '→' : ' '} ${line}`)
      : []),
  ]);
}

/** Something that happened, as lines: when, what, and what of it. @param now project ms */
export function eventLines(event: StreamEvent, now: number, { paint }: Look): string[] {
  if (event.type === 'gap')
    return [paint.wrong('Some of what happened is not kept any more, and is missing here.')];
  return words(event, now, paint).map(
    ({ at, says }) => `${paint.quiet(clockTime(at))}  ${event.type.split('.')[0]?.padEnd(9)}  ${says}`,
  );
}

interface EventLine {
  readonly at: string;
  readonly says: string;
}

function words(event: StreamEvent, now: number, paint: Paint): EventLine[] {
  switch (event.type) {
    case 'run.changed': {
      const { kind, state, at, error } = event.data;
      const name = paint.lane(kinds[kind].lane, kinds[kind].label);
      return [{ at, says: `${name} ${state}: ${error === null ? outcome(event.data) : paint.wrong(error)}` }];
    }
    case 'command.changed': {
      const says = describeCommand(event.data, now);
      return [{ at: event.data.updatedAt, says: isFailed(event.data) ? paint.wrong(says) : says }];
    }
    case 'permits.changed':
      return event.data.changes.map(({ at, ...change }) => ({ at, says: permitWords(change, paint) }));
    case 'conflict': {
      const { at, budget, blocked, blockedBy, expectedWaitSeconds } = event.data;
      const wait = countdown(expectedWaitSeconds * 1_000);
      const [waits, goes] = [blocked, blockedBy].map((lane) => paint.lane(lane, lanes[lane].label));
      return [{ at, says: `${waits} waits ${wait} for ${budget} because of ${goes}` }];
    }
    case 'alert':
      return [{ at: event.data.at, says: paint.wrong(event.data.message) }];
    case 'alert.changed': {
      const { title, resolvedAt, since, why } = event.data;
      return resolvedAt === null
        ? [{ at: since, says: `${paint.wrong(title)}: ${why}` }]
        : [{ at: resolvedAt, says: `over: ${title}` }];
    }
    case 'source.changed': {
      const { source, state, at, message } = event.data;
      return [
        {
          at,
          says:
            state === 'available' ? `${source} available` : paint.wrong(`${source} unavailable: ${message}`),
        },
      ];
    }
    case 'freshness.measured': {
      const { at, classes } = event.data;
      const shares = classes.map((each) => `${each.class} ${each.within} of ${each.events}`);
      return [{ at, says: `events with a copy within the goal: ${shares.join(', ')}` }];
    }
    case 'schedule.changed': {
      const { since, version, from } = event.data;
      const by = from === 'changed' ? 'changed by hand' : 'as configured';
      return [{ at: since ?? new Date(now).toISOString(), says: `version ${version} is in force, ${by}` }];
    }
    case 'gap':
    case 'closing':
      return [];
  }
}

type StreamedChange = Omit<
  Extract<StreamEvent, { type: 'permits.changed' }>['data']['changes'][number],
  'at'
>;

function permitWords({ change, budget, lane, status, result }: StreamedChange, paint: Paint): string {
  if (change === 'started')
    return `${budget} call begins${lane === null ? '' : `, ${paint.lane(lane, lanes[lane].label)}`}`;
  if (change === 'returned') return `${budget} permit given back`;
  const answer = status === null ? (result ?? 'ended').replaceAll('_', ' ') : `answered ${status}`;
  return `${budget} call ${status === 429 ? paint.wrong(answer) : answer}`;
}
