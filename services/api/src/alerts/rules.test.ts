import { budgetNames, type Lane } from '@paceline/shared/definition';
import type { RankedEvent, WindowView } from '@paceline/shared/contracts';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { describe, expect, it } from 'vitest';
import {
  type AlertRow,
  changesOf,
  type Condition,
  learnedLimits,
  longQueues,
  lostJournal,
  rejections,
  unavailableSources,
  conflicts,
  staleLists,
  staleSignups,
} from './rules.ts';
import { chatMessage } from './view.ts';

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 2, 1, 12);

const rejected = (at: number, until: number | null = null): Partial<WindowView> => ({
  lastRejected: { at, attribution: 'foreign_caller' },
  pausedUntil: { upstream: until, operator: null },
});
const titles = (conditions: readonly Condition[]) => conditions.map(({ title }) => title);

describe('a storm of rejections', () => {
  it('is one condition, whatever the number of budgets, since the first of them', () => {
    const storm = rejections(
      [
        windowOf('clubs'),
        windowOf('events', rejected(now - 2 * minute)),
        windowOf('signups', rejected(now - 4 * minute, now + minute)),
      ],
      now,
    );
    expect(storm).toMatchObject([
      {
        key: 'rate_limit_exceeded',
        title: 'Upstream rejects calls: events and signups',
        why: 'Somebody else seems to use the same key. Nobody calls events and signups until 2026-03-01 12:01 UTC.',
        since: now - 4 * minute,
      },
    ]);
  });

  it('goes on while a budget is closed by upstream, and is over ten minutes after the last of them', () => {
    expect(rejections([windowOf('events', rejected(now - hour, now + 1))], now)).toHaveLength(1);
    expect(rejections([windowOf('events', rejected(now - 10 * minute + 1))], now)).toHaveLength(1);
    expect(rejections([windowOf('events', rejected(now - 10 * minute))], now)).toEqual([]);
  });
});

describe('a limit that upstream taught', () => {
  const taught = (since: number) =>
    windowOf('events', { policy: { limit: 1, windowMs: 10 * minute, from: 'upstream', since } });

  it('is news for a day', () => {
    expect(learnedLimits([windowOf('clubs'), taught(now - hour)], now)).toMatchObject([
      { title: 'The limit of events is 1 per 10 min', isNews: true, since: now - hour },
    ]);
    expect(learnedLimits([taught(now - 25 * hour)], now)).toEqual([]);
  });
});

describe('a journal that was lost', () => {
  it('is told while every budget is closed for its sake', () => {
    const closed = budgetNames.map((each) => windowOf(each, { unknownUntil: now + hour }));
    expect(titles(lostJournal(closed, now))).toEqual(['The journal of the limiter was lost']);
    expect(lostJournal([windowOf('clubs'), ...closed], now)).toEqual([]);
    expect(lostJournal([], now)).toEqual([]);
  });
});

describe('a long queue', () => {
  const waiting = (waits: number, windowMs = minute, lane: Lane = 'near_event_urgent') =>
    windowOf('signups', {
      policy: { limit: 1, windowMs, from: 'documented', since: null },
      waiting: {
        count: 3,
        next: [{ ticket: 't', lane, requestedAt: now - waits, estimatedAt: now + 90_000 }],
      },
    });

  it('is one in which somebody who can not wait has waited for more than five minutes', () => {
    expect(longQueues([waiting(5 * minute)], now)).toEqual([]);
    expect(longQueues([waiting(6 * minute)], now)).toMatchObject([
      {
        title: 'Calls wait long: signups',
        why: 'A call of near_event_urgent for signups has waited 6 min, with 3 in line; it is expected to run at 2026-03-01 12:01 UTC.',
        since: now - minute,
      },
    ]);
  });

  it('is one in which a sync has waited for longer than a slot lasts', () => {
    expect(longQueues([waiting(29 * minute, minute, 'far_event_sync')], now)).toEqual([]);
    expect(longQueues([waiting(31 * minute, minute, 'far_event_sync')], now)).toHaveLength(1);
  });

  it('is not one that waits for the next call of a slow window', () => {
    expect(longQueues([waiting(50 * minute, hour)], now)).toEqual([]);
  });
});

describe('a conflict', () => {
  const conflict = (expectedWaitMs: number, at = now) => ({
    account: 'key',
    lane: 'far_event_sync' as const,
    blockedBy: 'near_event_normal' as const,
    endpoint: 'signups' as const,
    at,
    expectedWaitMs,
  });

  it('is worth an alert when the wait is long, until none has come for a while', () => {
    expect(titles(conflicts(conflict(5 * minute), now))).toEqual([
      'far_event_sync waits because of near_event_normal',
    ]);
    expect(conflicts(conflict(4 * minute), now)).toEqual([]);
    expect(conflicts(conflict(hour, now - 11 * minute), now)).toEqual([]);
    expect(conflicts({ ...conflict(hour), blockedBy: 'near_event_urgent' }, now)).toEqual([]);
    expect(conflicts(null, now)).toEqual([]);
  });
});

describe('old data', () => {
  const event = (lead: number, more: Partial<RankedEvent> = {}): RankedEvent => ({
    eventId: 'e',
    title: 'Tuesday race',
    startsAt: now + lead,
    class: 'urgent',
    ours: true,
    copiedAt: null,
    withinGoal: false,
    because: 'about_to_start',
    ...more,
  });

  it('is a copy of before its last minutes of an event that is about to start with our riders', () => {
    expect(titles(staleSignups([event(9 * minute)], now))).toEqual(['Old signups of Tuesday race']);
    expect(
      staleSignups([event(11 * minute), event(1, { ours: false }), event(1, { withinGoal: true })], now),
    ).toEqual([]);
  });

  it('is a club of yesterday, and a list of events of an hour ago', () => {
    const ages = { clubs: now - 25 * hour, events: now - 2 * hour };
    expect(titles(staleLists(ages, now))).toEqual([
      'A club was last fetched 25 h ago',
      'The list of events was last fetched 2 h ago',
    ]);
    expect(staleLists({ clubs: now - 6 * hour, events: now - 15 * minute }, now)).toEqual([]);
    expect(staleLists({ clubs: undefined, events: undefined }, now)).toEqual([]);
  });
});

describe('a source that upstream does not give us', () => {
  it('is a condition of its own, with what upstream says and what may be done', () => {
    const said = { status: 404, rawStart: null, since: now - hour, probeAt: now + 5 * minute };
    const rows = [
      { source: 'clubs', state: 'available', ...said, message: null, advice: null },
      {
        source: 'events',
        state: 'unavailable',
        ...said,
        message: 'It is not there',
        advice: 'Is it right?',
      },
    ] as const;
    expect(unavailableSources(rows)).toEqual([
      {
        type: 'source_unavailable',
        key: 'source_unavailable:events',
        severity: 'error',
        title: 'Upstream does not give us its events',
        why: expect.stringMatching(/^It is not there. It is asked again from .*12:05/),
        todo: 'Is it right?',
        since: now - hour,
        isNews: false,
      },
    ]);
  });
});

describe('an alert', () => {
  const condition: Condition = {
    type: 'stale_data',
    key: 'stale_data:clubs',
    severity: 'error',
    title: 'A club is old',
    why: 'No run has brought it.',
    todo: 'See the runs.',
    since: now - hour,
    isNews: false,
  };
  const { isNews: _, ...about } = condition;
  const open = (lastSeenAt: number): AlertRow => ({
    ...about,
    id: 'a',
    raisedAt: now - hour,
    lastSeenAt,
    resolvedAt: null,
  });
  const nothing = { holding: [], unknown: [] };

  it('is raised once for as long as its condition holds', () => {
    expect(changesOf([], { ...nothing, holding: [condition] }, now).raise).toEqual([condition]);
    expect(changesOf([open(now)], { ...nothing, holding: [condition] }, now)).toEqual({
      raise: [],
      seen: ['a'],
      resolve: [],
    });
  });

  it('is over when its condition has been gone for five minutes, not when it flickers', () => {
    expect(changesOf([open(now - 5 * minute + 1)], nothing, now).resolve).toEqual([]);
    expect(changesOf([open(now - 5 * minute)], nothing, now).resolve).toEqual(['a']);
  });

  it('goes on while nobody can say whether its condition holds', () => {
    const unknown = { holding: [], unknown: ['stale_data:clubs' as const] };
    expect(changesOf([open(now - hour)], unknown, now).resolve).toEqual([]);
  });

  it('tells the chat what, why, since when, what to do, and where to look; and when it is over', () => {
    expect(chatMessage(open(now), 'http://host')).toBe(
      ':rotating_light: *A club is old*\nNo run has brought it.\n' +
        'Since 2026-03-01 11:00 UTC. See the runs.\n<http://host/#/alerts/a|See the moment>',
    );
    expect(chatMessage({ ...open(now), resolvedAt: now }, 'http://host')).toBe(
      ':white_check_mark: *Over: A club is old*\nIt lasted 60 min, until 2026-03-01 12:00 UTC.\n' +
        '<http://host/#/alerts/a|See the moment>',
    );
  });
});
