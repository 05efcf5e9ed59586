import { type Alert, fullLabel, laneOf, type StreamEvent } from '@paceline/client';
import {
  budgetLabel,
  clockTime,
  countdown,
  dayAndTime,
  isFailed,
  outcome,
  describeCommand,
} from '@paceline/client/text';
import { kinds } from '@paceline/shared/definition';
import { type TextStyle, type Paint, wrap } from './look.ts';

export function alertHead({ title, severity, since, resolvedAt }: Alert, paint: Paint): string {
  const isOpen = resolvedAt === null;
  const styledTitle =
    isOpen && severity === 'error' ? paint.error(title) : isOpen ? paint.bold(title) : title;
  const times =
    resolvedAt === null
      ? `since ${dayAndTime(since)}`
      : `${dayAndTime(since)}, resolved ${dayAndTime(resolvedAt)}`;
  return `${styledTitle} ${paint.muted(`(${times})`)}`;
}

export function alertLines(alerts: readonly Alert[], { width, paint }: TextStyle): string[] {
  if (alerts.length === 0) return ['No open alerts.'];
  return alerts.flatMap((alert, index) => [
    ...(index === 0 ? [] : ['']),
    alertHead(alert, paint),
    ...wrap(alert.reason, width - 2).map((line) => `  ${line}`),
    ...(alert.resolvedAt === null
      ? wrap(alert.advice, width - 4).map((line, at) => `  ${at === 0 ? '→' : ' '} ${line}`)
      : []),
  ]);
}

/** An event as lines: time, type, text. @param now project ms */
export function eventLines(event: StreamEvent, now: number, { paint }: TextStyle): string[] {
  if (event.type === 'gap') return [paint.error('Some changes are missing here: they are no longer stored.')];
  return linesOf(event, now, paint).map(
    ({ at, text }) => `${paint.muted(clockTime(at))}  ${event.type.split('.')[0]?.padEnd(9)}  ${text}`,
  );
}

interface EventLine {
  readonly at: string;
  readonly text: string;
}

function linesOf(event: StreamEvent, now: number, paint: Paint): EventLine[] {
  switch (event.type) {
    case 'run.changed': {
      const { kind, state, at, reason } = event.data;
      const name = paint.lane(kinds[kind].lane, kinds[kind].label);
      const result = reason === null ? outcome(event.data) : paint.error(reason);
      return [{ at, text: `${name} ${state}: ${result}` }];
    }
    case 'command.changed': {
      const text = describeCommand(event.data, now);
      return [{ at: event.data.updatedAt, text: isFailed(event.data) ? paint.error(text) : text }];
    }
    case 'permits.changed':
      return event.data.changes.map(({ at, ...change }) => ({ at, text: permitText(change, paint) }));
    case 'conflict': {
      const { at, budget, blocked, blockedBy, expectedWaitSeconds } = event.data;
      const wait = countdown(expectedWaitSeconds * 1_000);
      const [delayed, first] = [blocked, blockedBy].map((lane) => paint.lane(lane, laneOf(lane).label));
      return [{ at, text: `${delayed} delayed ${wait} by ${first} (${budgetLabel(budget)})` }];
    }
    case 'alert':
      return [{ at: event.data.at, text: paint.error(event.data.message) }];
    case 'alert.changed': {
      const { title, resolvedAt, since, reason } = event.data;
      return resolvedAt === null
        ? [{ at: since, text: `${paint.error(title)}: ${reason}` }]
        : [{ at: resolvedAt, text: `resolved: ${title}` }];
    }
    case 'source.changed': {
      const { source, state, at, reason } = event.data;
      return [
        {
          at,
          text:
            state === 'available' ? `${source} available` : paint.error(`${source} unavailable: ${reason}`),
        },
      ];
    }
    case 'freshness.measured': {
      const { at, classes } = event.data;
      const shares = classes.map((each) => `${each.class} ${each.within} of ${each.events}`);
      return [{ at, text: `events within the freshness goal: ${shares.join(', ')}` }];
    }
    case 'schedule.changed': {
      const { since, version, from } = event.data;
      const origin = from === 'changed' ? 'changed at runtime' : 'as configured';
      return [{ at: since ?? new Date(now).toISOString(), text: `version ${version} in effect, ${origin}` }];
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

function permitText({ change, lane, status, result, ...call }: StreamedChange, paint: Paint): string {
  const name = fullLabel({ upstream: call.upstream, label: call.endpoint });
  if (change === 'started')
    return `${name} call started${lane === null ? '' : `, ${paint.lane(lane, laneOf(lane).label)}`}`;
  if (change === 'returned') return `${name} permit returned`;
  const ending = status === null ? (result ?? 'ended').replaceAll('_', ' ') : `returned ${status}`;
  return `${name} call ${status === 429 ? paint.error(ending) : ending}`;
}
