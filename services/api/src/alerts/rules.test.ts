import { budgetNames, type Lane } from '@paceline/shared/definition';
import type { RankedEvent, WindowView } from '@paceline/shared/contracts';
import { windowOf } from '@paceline/shared/testing/fixtures';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { describe, expect, it } from 'vitest';
import type { SystemPart } from '../health/parts.ts';
import {
  type AlertRow,
  alertChanges,
  downParts,
  type AlertCondition,
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

const { zwiftracing } = loadUpstreams({});
const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 2, 1, 12);

const rejected = (at: number, until: number | null = null): Partial<WindowView> => ({
  lastRejected: { at, attribution: 'foreign_caller' },
  pausedUntil: { upstream: until, operator: null },
});
const agesOf = ({ clubs, events }: Partial<Record<'clubs' | 'events', number>>) => ({
  clubs: { fetchedAt: clubs, missingSince: undefined },
  events: { fetchedAt: events, missingSince: undefined },
});
const titles = (conditions: readonly AlertCondition[]) => conditions.map(({ title }) => title);

describe('rejections', () => {
  it('are one condition for all budgets, starting with the first rejection', () => {
    const conditions = rejections(
      [
        windowOf('clubs'),
        windowOf('events', rejected(now - 2 * minute)),
        windowOf('signups', rejected(now - 4 * minute, now + minute)),
      ],
      now,
      zwiftracing,
    );
    expect(conditions).toMatchObject([
      {
        key: 'rate_limit_exceeded',
        title: 'ZwiftRacing rejects calls: events and signups',
        why: 'Another program seems to use the same API key. Calls to events and signups are paused until 2026-03-01 12:01 UTC.',
        since: now - 4 * minute,
      },
    ]);
  });

  it('name the cause of each budget, also an operator who set a looser limit', () => {
    const byOperator = { lastRejected: { at: now - minute, attribution: 'operator_limit' as const } };
    const [only] = rejections([windowOf('clubs', byOperator)], now, zwiftracing);
    expect(only?.why).toBe(
      'The limit that an operator set is looser than the one that ZwiftRacing enforces.',
    );
    expect(only?.todo).toContain('Reset the limit');
    const [both] = rejections(
      [windowOf('clubs', byOperator), windowOf('events', rejected(now))],
      now,
      zwiftracing,
    );
    expect(both?.why).toBe(
      'clubs: The limit that an operator set is looser than the one that ZwiftRacing enforces. ' +
        'events: Another program seems to use the same API key.',
    );
  });

  it('last while upstream pauses a budget, or until ten minutes after the last one', () => {
    expect(rejections([windowOf('events', rejected(now - hour, now + 1))], now, zwiftracing)).toHaveLength(1);
    expect(rejections([windowOf('events', rejected(now - 10 * minute + 1))], now, zwiftracing)).toHaveLength(
      1,
    );
    expect(rejections([windowOf('events', rejected(now - 10 * minute))], now, zwiftracing)).toEqual([]);
  });
});

describe('a pause after another failure', () => {
  it('is not blamed on a rejection of long ago', () => {
    expect(
      rejections([windowOf('events', rejected(now - 3 * hour, now + minute))], now, zwiftracing),
    ).toEqual([]);
  });
});

describe('a learned limit', () => {
  const learned = (since: number) =>
    windowOf('events', { policy: { limit: 1, windowMs: 10 * minute, from: 'upstream', since } });

  it('is a one-time condition, reported for a day', () => {
    expect(learnedLimits([windowOf('clubs'), learned(now - hour)], now, zwiftracing)).toMatchObject([
      { title: 'Rate limit for events changed to 1 call per 10 min', isOneTime: true, since: now - hour },
    ]);
    expect(learnedLimits([learned(now - 25 * hour)], now, zwiftracing)).toEqual([]);
  });

  it('says that it replaces the looser limit of an operator', () => {
    const at = now - hour;
    const byOperator = { ...learned(at), lastRejected: { at, attribution: 'operator_limit' as const } };
    expect(learnedLimits([byOperator], now, zwiftracing)[0]?.why).toMatch(
      /^It replaces the looser limit that an operator had set\. Reported by ZwiftRacing/,
    );
  });
});

describe('a lost journal', () => {
  it('is a condition while the window of every budget is unknown', () => {
    const unknown = budgetNames.map((each) => windowOf(each, { unknownUntil: now + hour }));
    expect(titles(lostJournal(unknown, now, zwiftracing))).toEqual(['Limiter journal lost']);
    expect(lostJournal([windowOf('clubs'), ...unknown], now, zwiftracing)).toEqual([]);
    expect(lostJournal([], now, zwiftracing)).toEqual([]);
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

  it('is reported once a forced request has waited for more than five minutes', () => {
    expect(longQueues([waiting(5 * minute)], now, zwiftracing)).toEqual([]);
    expect(longQueues([waiting(6 * minute)], now, zwiftracing)).toMatchObject([
      {
        title: 'Requests wait too long: signups',
        why: 'Waiting for 6 min: urgent event request for signups, expected to run at 2026-03-01 12:01 UTC. Requests in the queue: 3.',
        since: now - minute,
      },
    ]);
  });

  it('is reported once a sync has waited for longer than a slot lasts', () => {
    expect(longQueues([waiting(29 * minute, minute, 'far_event_sync')], now, zwiftracing)).toEqual([]);
    expect(longQueues([waiting(31 * minute, minute, 'far_event_sync')], now, zwiftracing)).toHaveLength(1);
  });

  it('is not reported while a request waits for the next call of a long window', () => {
    expect(longQueues([waiting(50 * minute, hour)], now, zwiftracing)).toEqual([]);
  });
});

describe('a conflict', () => {
  const waiting = (
    waits: number,
    {
      lane = 'far_event_sync',
      by = 'near_event_normal',
      windowMs = minute,
    }: {
      lane?: Lane;
      by?: Lane;
      windowMs?: number;
    } = {},
    startedAgo = 10_000,
  ) =>
    windowOf('signups', {
      policy: { limit: 1, windowMs, from: 'documented', since: null },
      permits: [
        { permit: 'p', lane: by, startedAt: now - startedAgo, settled: true, leavesAt: now + minute },
      ],
      waiting: {
        count: 1,
        next: [{ ticket: 't', lane, requestedAt: now - waits, estimatedAt: now + minute }],
      },
    });

  it('is reported once a sync has waited long while calls of another one went first', () => {
    expect(conflicts([waiting(7 * minute)], now, zwiftracing)).toMatchObject([
      {
        key: 'sync_conflict:far_event_sync:near_event_normal:signups',
        title: 'Sync conflict: near sync calls delay far sync calls',
        why: 'Both use the rate limit for signups. A far sync call has waited 7 min while near sync calls went first.',
        since: now - 7 * minute,
      },
    ]);
    expect(conflicts([waiting(4 * minute)], now, zwiftracing)).toEqual([]);
  });

  it('is not reported for near and far runs that take turns, however long the estimate is', () => {
    const estimatedLate = waiting(97_000, {}, 100_000);
    const [next] = estimatedLate.waiting.next.map((each) => ({ ...each, estimatedAt: now + 20 * minute }));
    expect(
      conflicts([{ ...estimatedLate, waiting: { count: 1, next: next ? [next] : [] } }], now, zwiftracing),
    ).toEqual([]);
  });

  it('is not reported for a wait within two windows, its own calls, or an urgent or manual lane', () => {
    expect(conflicts([waiting(7 * minute, { windowMs: 10 * minute })], now, zwiftracing)).toEqual([]);
    expect(conflicts([waiting(hour, { by: 'far_event_sync' })], now, zwiftracing)).toEqual([]);
    expect(conflicts([waiting(hour, { by: 'near_event_urgent' })], now, zwiftracing)).toEqual([]);
    expect(
      conflicts([waiting(hour, { lane: 'manual_rider_add', by: 'rider_sync' })], now, zwiftracing),
    ).toEqual([]);
  });
});

describe('a part that is down', () => {
  const part = (state: SystemPart['state'], name: SystemPart['part'] = 'limiter'): SystemPart => ({
    part: name,
    state,
    since: state === 'unknown' ? null : now - minute,
    title: state === 'down' ? 'No limiter is running' : null,
    reason: state === 'down' ? 'No calls start.' : null,
    advice: state === 'down' ? 'Start it.' : null,
  });

  it('is an alert with the same texts, and one whose state is unknown keeps its alert', () => {
    expect(downParts([part('down'), part('up', 'scheduler'), part('unknown', 'upstream')])).toEqual({
      present: [
        {
          type: 'part_down',
          key: 'part_down:limiter',
          severity: 'error',
          title: 'No limiter is running',
          why: 'No calls start.',
          todo: 'Start it.',
          since: now - minute,
          isOneTime: false,
        },
      ],
      unknown: ['part_down:upstream'],
    });
  });

  it('has its alert resolved immediately when it is back', () => {
    const [condition] = downParts([part('down')]).present;
    if (!condition) throw new Error('no condition');
    const { isOneTime: _, ...about } = condition;
    const open = { ...about, id: 'a', raisedAt: now, lastSeenAt: now, resolvedAt: null };
    expect(alertChanges([open], downParts([part('up')]), now).resolve).toEqual(['a']);
    expect(alertChanges([open], downParts([part('unknown')]), now).resolve).toEqual([]);
  });
});

describe('stale data', () => {
  const event = (lead: number, more: Partial<RankedEvent> = {}): RankedEvent => ({
    eventId: 'e',
    title: 'Tuesday race',
    startsAt: now + lead,
    class: 'urgent',
    ours: true,
    copiedAt: null,
    withinGoal: false,
    because: 'about_to_start',
    plannedAt: null,
    freshUntil: null,
    ...more,
  });

  it('is reported for stale signups of our riders in the last minutes before the start', () => {
    const stale = (...events: RankedEvent[]) => titles(staleSignups(events, now));
    expect(stale(event(9 * minute), event(9 * minute))).toEqual(['Stale signups: Tuesday race']);
    expect(stale(event(11 * minute), event(1, { ours: false }), event(1, { withinGoal: true }))).toEqual([]);
  });

  it('is reported for clubs older than a day and an event list older than an hour', () => {
    const ages = agesOf({ clubs: now - 25 * hour, events: now - 2 * hour });
    expect(titles(staleLists(ages, now))).toEqual(['Club data is 25 h old', 'The event list is 2 h old']);
    expect(staleLists(agesOf({ clubs: now - 6 * hour, events: now - 15 * minute }), now)).toEqual([]);
    expect(staleLists(agesOf({}), now)).toEqual([]);
  });

  it('are conditions when runs have failed to fetch them for hours since the first one', () => {
    const missing = (clubs: number, events: number) => ({
      clubs: { fetchedAt: undefined, missingSince: now - clubs },
      events: { fetchedAt: undefined, missingSince: now - events },
    });
    expect(staleLists(missing(3 * hour, hour), now)).toEqual([]);
    expect(staleLists(missing(4 * hour, 2 * hour), now)).toMatchObject([
      {
        key: 'stale_data:clubs',
        title: 'A club was never fetched',
        why: 'Runs have tried since 2026-03-01 08:00 UTC, and all have failed.',
        since: now - hour,
      },
      { key: 'stale_data:events', title: 'The event list was never fetched', since: now - hour },
    ]);
  });
});

describe('an unavailable source', () => {
  it('is a condition of its own, with the reason and the advice', () => {
    const common = { status: 404, rawStart: null, since: now - hour, probeAt: now + 5 * minute };
    const rows = [
      { source: 'clubs', state: 'available', ...common, message: null, advice: null },
      {
        source: 'events',
        state: 'unavailable',
        ...common,
        message: 'Upstream answered 404',
        advice: 'Check the path',
      },
    ] as const;
    expect(unavailableSources(rows)).toEqual([
      {
        type: 'source_unavailable',
        key: 'source_unavailable:events',
        severity: 'error',
        title: 'ZwiftRacing source unavailable: events',
        why: expect.stringMatching(/^Upstream answered 404\. Next attempt: .*12:05/),
        todo: 'Check the path',
        since: now - hour,
        isOneTime: false,
      },
    ]);
  });
});

describe('an alert', () => {
  const condition: AlertCondition = {
    type: 'stale_data',
    key: 'stale_data:clubs',
    severity: 'error',
    title: 'Club data is old',
    why: 'No run has refreshed it.',
    todo: 'Check the runs.',
    since: now - hour,
    isOneTime: false,
  };
  const { isOneTime: _, ...about } = condition;
  const open = (lastSeenAt: number): AlertRow => ({
    ...about,
    id: 'a',
    raisedAt: now - hour,
    lastSeenAt,
    resolvedAt: null,
  });
  const nothing = { present: [], unknown: [] };

  it('is raised once while its condition lasts', () => {
    expect(alertChanges([], { ...nothing, present: [condition] }, now).raise).toEqual([condition]);
    expect(alertChanges([open(now)], { ...nothing, present: [condition] }, now)).toEqual({
      raise: [],
      present: ['a'],
      resolve: [],
    });
  });

  it('is resolved after five minutes without its condition', () => {
    expect(alertChanges([open(now - 5 * minute + 1)], nothing, now).resolve).toEqual([]);
    expect(alertChanges([open(now - 5 * minute)], nothing, now).resolve).toEqual(['a']);
  });

  it('stays open while its condition cannot be checked', () => {
    const unknown = { present: [], unknown: ['stale_data:clubs' as const] };
    expect(alertChanges([open(now - hour)], unknown, now).resolve).toEqual([]);
  });

  it('is sent to the chat with its reason, start, advice and link, and again when it is resolved', () => {
    expect(chatMessage(open(now), 'http://host')).toBe(
      ':rotating_light: *Club data is old*\nNo run has refreshed it.\n' +
        'Since 2026-03-01 11:00 UTC. Check the runs.\n<http://host/#/alerts/a|Open in the dashboard>',
    );
    expect(chatMessage({ ...open(now), resolvedAt: now }, 'http://host')).toBe(
      ':white_check_mark: *Resolved: Club data is old*\nLasted 60 min, until 2026-03-01 12:00 UTC.\n' +
        '<http://host/#/alerts/a|Open in the dashboard>',
    );
  });
});
