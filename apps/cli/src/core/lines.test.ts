import { kinds, mapValues } from '@paceline/shared/definition';
import { describe, expect, it } from 'vitest';
import type { Alert, Schedule, ScheduleCheck, StreamEvent } from '@paceline/client';
import { at, exampleBudget, exampleCommand, now } from '@paceline/client/testing';
import { alertLines, eventLines } from './changes.ts';
import { type TextStyle, type Paint, plain, table } from './look.ts';
import { commandLine, finalLines } from './add.ts';
import { changeOf, judgedLines, goalsOf, scheduleLines } from './schedule.ts';
import { failureLines, runLines } from './runs.ts';
import { UsageError } from './usage.ts';
import { windowLines } from './windows.ts';

const look = (width = 80): TextStyle => ({ width, tableWidth: width, paint: plain });
/** Marks red text with angle brackets. */
const inRed: TextStyle = {
  width: 80,
  tableWidth: 80,
  paint: { ...plain, error: (text) => `<${text}>` } satisfies Paint,
};

describe('a rate limit', () => {
  it('shows its available calls, or the time of the next one and the next request', () => {
    const policy = { limit: 5, windowSeconds: 60, from: 'documented', since: null } as const;
    expect(windowLines([exampleBudget({ policy, available: 3 })], [], now, look())[0]).toMatch(
      /3 of 5 available now$/,
    );
    const [first, second] = windowLines(
      [exampleBudget({ freeAt: at(41 / 60), available: 0 })],
      [],
      now,
      look(),
    );
    expect(first).toMatch(/^Signups {2}─+│─+·+ {2}available in 0:41$/);
    expect(second?.trim()).toBe('1 per minute · queue empty');
  });

  it('shows the origin of a changed limit and of a pause, in red after a 429', () => {
    const policy = { limit: 1, windowSeconds: 120, from: 'upstream', since: at(-1) } as const;
    const pausedUntil = { upstream: at(90 / 60), operator: null };
    const budget = exampleBudget({ policy, pausedUntil });
    const [first, second] = windowLines([budget], [], now, { ...inRed, width: 120 });
    expect(first).toMatch(/<paused for 1:30>$/);
    expect(second?.trim()).toBe(
      'by ZwiftRacing (429) · 1 per 2 min, reported by ZwiftRacing since 18:29:00 (documented: 1 per minute) · queue …',
    );
  });

  it('shows a looser limit that headers advertise', () => {
    const budget = exampleBudget({ advertised: { limit: 3_000, windowSeconds: 900 } });
    expect(windowLines([budget], [], now, { ...look(), width: 120 })[1]?.trim()).toBe(
      '1 per minute (documented; headers advertise 3000 per 15 min) · queue empty',
    );
  });

  it('of another upstream is below its name, and all bars start below each other', () => {
    const strava = { budget: 'strava:read_day', upstream: 'strava', label: 'Reads, day' };
    const lines = windowLines([exampleBudget(), exampleBudget(strava)], [], now, look());
    const bars = [lines[1], lines[4]].map((line) => line?.indexOf('─'));
    expect([lines[0], lines[3]]).toEqual(['ZwiftRacing', 'strava']);
    expect(lines[4]).toMatch(/^Reads, day {2}─/);
    expect(windowLines([exampleBudget(strava)], [], now, look())[0]).toMatch(/^strava: Reads, day {2}─/);
    expect(bars[0]).toBe(bars[1]);
  });

  it('has its bar on its own line on a narrow screen', () => {
    const lines = windowLines([exampleBudget()], [], now, look(40));
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('the progress of a command', () => {
  it('is one line, with a progress bar for an import', () => {
    const waiting = exampleCommand({ state: 'waiting_for_window', until: at(41 / 60) });
    expect(commandLine(waiting, now, look())).toBe(
      'Rider 4500001: waiting for the rate limit until 18:30:41 (in 0:41)',
    );
    const queued = exampleCommand({ state: 'waiting_in_line', position: 2, estimatedAt: at(41 / 60) });
    expect(commandLine(queued, now, look())).toBe(
      'Rider 4500001: number 2 in the queue, expected at 18:30:41 (in 0:41)',
    );
    const some = exampleCommand({ riderId: null, riders: { done: 5, failed: 1, waiting: 4 } });
    expect(commandLine(some, now, inRed)).toBe(
      `${'█'.repeat(16)}<${'▒'.repeat(4)}>${'░'.repeat(12)} 5 added, 1 failed, 4 remaining, being fetched`,
    );
    const failed = exampleCommand({ state: 'failed', reason: 'No such rider known' });
    expect(finalLines(failed, now, { ...inRed, width: 30 })).toEqual([
      '<Rider 4500001: No such rider>',
      '<known>',
    ]);
  });
});

describe('a run', () => {
  it('lists what could not be read, with the response and the reason', () => {
    const [first, second] = [
      { id: '4500012', reason: 'name: expected string' },
      { id: null, reason: 'riderId: must be an id' },
    ];
    const call = {
      callId: 1,
      budget: 'clubs',
      reason: null,
      freshUntil: null,
      event: null,
      status: 200,
      durationSeconds: 61,
      rawStart: null,
    };
    const lines = runLines(
      {
        runId: 'run-1',
        kind: 'rider',
        mode: 'on',
        state: 'done',
        slot: { slotId: 'slot:rider:1', opensAt: at(-9), closesAt: at(1) },
        startedAt: at(-9),
        finishedAt: at(-7),
        counts: { planned: 1, synced: 1, failed: 0, deferred: 0, stored: 73 },
        unreadable: { count: 2, ids: ['4500012'] },
        waitingFor: null,
        reason: null,
        traceId: null,
        traceUrl: null,
        calls: [{ ...call, target: '20650', message: '', startedAt: at(-9), unreadable: [first, second] }],
      },
      now,
      look(),
    );
    expect(lines).toContain('slot Thu 26 Nov 18:21:00 to 18:31:00 UTC  slot:rider:1');
    expect(lines[0]).toContain('1 club synced, 2 unreadable: 4500012, …');
    expect(lines.join('\n')).toMatch(
      /4500012 +20650 +name: expected string\nno id +20650 +riderId: must be an id/,
    );
  });
});

describe('failures', () => {
  it('name the run, request or program that they are part of, and none for a call for an urgent event', () => {
    const failure = {
      at: at(0),
      type: 'call',
      what: 'signups 7',
      reason: 'timed out',
      runId: null,
      commandId: null,
      program: null,
    } as const;
    const items = [
      { ...failure, runId: 'aaaa-bbbb-cccc' },
      { ...failure, commandId: 'c1' },
      { ...failure, program: 'export' },
      failure,
    ];
    const lines = failureLines({ since: at(0), items, complete: true }, look()).slice(1);
    expect(lines.map((line) => line.split('timed out')[1]?.trim())).toEqual([
      'run aaaa-bbb',
      'request c1',
      'program export',
      '',
    ]);
  });

  it('say since when nothing has failed', () => {
    expect(failureLines({ since: at(0), items: [], complete: true }, look())).toEqual([
      expect.stringMatching(/^Nothing has failed since .* UTC\.$/),
    ]);
  });
});

describe('a checked schedule', () => {
  const slots = { mode: 'on', opens: 'every 15m', duration: '10m', skip: '', catchUp: 'skip' } as const;
  const settings = { timeZone: 'UTC', kinds: mapValues(kinds, () => slots) };
  const judged: ScheduleCheck = {
    findings: [],
    forecast: { kinds: [], budgets: [] },
    settings,
    repaired: settings,
    goals: {},
  };

  it('shows its errors and a change that would pass, as arguments for plan', () => {
    expect(judgedLines(judged, look()).at(-1)).toBe('No errors: every freshness goal can be met.');
    const lines = judgedLines(
      {
        ...judged,
        findings: [
          {
            rule: 'collision',
            severity: 'error',
            kinds: ['near', 'far'],
            message: 'They collide.',
            timeline: [{ at: at(0), text: 'near opens' }],
          },
        ],
        repaired: { ...settings, kinds: { ...settings.kinds, far: { ...slots, opens: '5 * * * *' } } },
        goals: { far: '12h' },
      },
      inRed,
    );
    expect(lines).toContain('<error: They collide.>');
    expect(lines).toContain('  Thu 26 Nov 18:30  near opens');
    expect(lines.slice(-2)).toEqual([
      "This change would pass: --set 'far.opens=5 * * * *'",
      'Goals that it meets: far 12h',
    ]);
  });
});

it('the next slots have their day once, and a slot across midnight has both', () => {
  const slot = (opens: number) => ({ slotId: `slot:${opens}`, opensAt: at(opens), closesAt: at(opens + 10) });
  const schedule = {
    timeZone: 'UTC',
    kinds: mapValues(kinds, () => ({
      mode: 'on',
      opens: 'every 6h',
      duration: '10m',
      skip: '',
      catchUp: 'skip',
    })),
    version: 1,
    from: 'configured',
    since: null,
    pausedUntil: mapValues(kinds, () => null),
    nextSlots: { ...mapValues(kinds, () => []), rider: [slot(0), slot(60), slot(325), slot(420)] },
  } as unknown as Schedule;
  expect(scheduleLines(schedule, look(120)).find((line) => line.includes('–'))).toMatch(
    /^rider +Thu 26 Nov 18:30–18:40  19:30–19:40  23:55–Fri 27 Nov 00:05  Fri 27 Nov 01:30–01:40$/,
  );
});

describe('alerts', () => {
  const alert: Alert = {
    alertId: 'a',
    type: 'journal_lost',
    severity: 'error',
    title: 'Journal lost',
    reason: 'It is empty.',
    advice: 'Check the broker.',
    since: at(-1),
    raisedAt: at(-1),
    resolvedAt: null,
  };

  it('show title, time, cause and what to do until they are resolved', () => {
    expect(alertLines([alert], inRed)).toEqual([
      '<Journal lost> (since Thu 26 Nov 18:29:00)',
      '  It is empty.',
      '  → Check the broker.',
    ]);
    expect(alertLines([{ ...alert, resolvedAt: at(0) }], inRed)).toHaveLength(2);
    expect(alertLines([], look())).toEqual(['No open alerts.']);
  });
});

describe('an event of the stream', () => {
  it('shows time, type and text, with a 429 in red', () => {
    const change = { permitId: 'p', upstream: 'zwiftracing', endpoint: 'clubs', at: at(0) };
    const changes = [
      { ...change, change: 'started', lane: 'rider_sync', result: null, status: null },
      { ...change, change: 'settled', lane: null, result: 'answered', status: 429 },
      { ...change, change: 'settled', lane: null, result: 'unanswered', status: null },
    ];
    expect(
      eventLines({ type: 'permits.changed', id: 1, data: { changes } } as StreamEvent, now, inRed),
    ).toEqual([
      '18:30:00  permits    clubs call started, rider sync',
      '18:30:00  permits    clubs call <returned 429>',
      '18:30:00  permits    clubs call unanswered',
    ]);
    expect(
      eventLines({ type: 'gap', id: undefined, data: { from: null, to: null } }, now, inRed)[0],
    ).toContain('missing');
  });
});

describe('a table', () => {
  it('aligns its columns and cuts the widest one to fit', () => {
    const rows = [
      ['1', 'a long story of many words', 'x'],
      ['22', 'short', 'y'],
    ];
    expect(table(['no', 'story', ''], rows, look(20))).toEqual([
      'no  story',
      '1   a long story…  x',
      '22  short          y',
    ]);
  });
});

describe('settings', () => {
  it('form one change of the schedule', () => {
    expect(changeOf(['near.duration=8m', 'near.opens=0 */2 * * *', 'timeZone=UTC', 'far.skip='])).toEqual({
      timeZone: 'UTC',
      kinds: { near: { duration: '8m', opens: '0 */2 * * *' }, far: { skip: '' } },
    });
    expect(goalsOf(['near=60m', 'far=cycle'])).toEqual({ near: '60m', far: 'cycle' });
    for (const wrong of ['near', 'near=8m', '=']) expect(() => changeOf([wrong])).toThrow(UsageError);
  });
});
