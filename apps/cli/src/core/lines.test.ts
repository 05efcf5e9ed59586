import { describe, expect, it } from 'vitest';
import type { Alert, Judged } from '../api/shapes.ts';
import { alertLines } from './alert-lines.ts';
import { commandLine, endLines } from './command-lines.ts';
import { type Look, type Paint, plain } from './look.ts';
import { judgedLines } from './schedule-lines.ts';
import { changeOf, promisesOf, WrongSetting } from './settings.ts';
import { windowLines } from './status.ts';
import { table } from './table.ts';
import { after, budgetOf, commandOf, now } from './testing.ts';
import { toldLines } from './told-line.ts';

const look = (width = 80): Look => ({ width, paint: plain });
/** Says where something is painted red. */
const inRed: Look = { width: 80, paint: { ...plain, wrong: (text) => `<${text}>` } satisfies Paint };

describe('a window', () => {
  it('says how many of its calls are free, or when the next one is and who goes next', () => {
    const policy = { limit: 5, windowSeconds: 60, from: 'documented', since: null } as const;
    expect(windowLines(budgetOf({ policy, available: 3 }), [], now, look())[0]).toMatch(/free now, 3 of 5$/);
    const [first, second] = windowLines(budgetOf({ freeAt: after(41), available: 0 }), [], now, look());
    expect(first).toMatch(/^Signups of an event {3}─+│─+·+ {2}free in 0:41$/);
    expect(second?.trim()).toBe('1 per 1 min · nobody waits');
  });

  it('says by whose word another limit is kept, and who has closed it; red when that was a 429', () => {
    const policy = { limit: 1, windowSeconds: 120, from: 'upstream', since: after(-60) } as const;
    const pausedUntil = { upstream: after(90), operator: null };
    const budget = budgetOf({ policy, pausedUntil });
    const [first, second] = windowLines(budget, [], now, { ...inRed, width: 120 });
    expect(first).toMatch(/<paused for 1:30>$/);
    expect(second?.trim()).toBe(
      'upstream asked for it (429) · 1 per 2 min, as upstream says since 11:59:00 (documented: 1 per 1 m…',
    );
  });

  it('is drawn below its name where there is little room', () => {
    const lines = windowLines(budgetOf(), [], now, look(40));
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe('how a command stands', () => {
  it('is one line, with the shares of an import', () => {
    const waits = commandOf({ state: 'waiting_for_window', until: after(41) });
    expect(commandLine(waits, now, look())).toBe(
      'Rider 4500001 waits until a call is free (12:00:41, in 0:41)',
    );
    const inLine = commandOf({ state: 'waiting_in_line', position: 2, at: after(41) });
    expect(commandLine(inLine, now, look())).toBe('Rider 4500001 is number 2 in line (12:00:41, in 0:41)');
    const some = commandOf({ riderId: null, riders: { done: 5, failed: 1, waiting: 4 } });
    expect(commandLine(some, now, inRed)).toBe(
      `${'█'.repeat(16)}<${'▒'.repeat(4)}>${'░'.repeat(12)} 5 here, 1 failed, 4 to come, is being fetched`,
    );
    const failed = commandOf({ state: 'failed', reason: 'There was nobody there' });
    expect(endLines(failed, now, { ...inRed, width: 30 })).toEqual([
      '<Rider 4500001: There was>',
      '<nobody there>',
    ]);
  });
});

describe('a judged schedule', () => {
  const slots = { mode: 'on', opens: 'every 15m', duration: '10m', skip: '', catchUp: 'skip' } as const;
  const settings = { timeZone: 'UTC', kinds: { rider: slots, near: slots, far: slots, results: slots } };
  const judged: Judged = {
    findings: [],
    forecast: { kinds: [], budgets: [] },
    settings,
    repaired: settings,
    promises: {},
  };

  it('is fine without errors, else says what is wrong and how it would pass, as plan takes it', () => {
    expect(judgedLines(judged, look()).at(-1)).toBe('No errors: what is promised can be kept.');
    const lines = judgedLines(
      {
        ...judged,
        findings: [
          {
            rule: 'collision',
            severity: 'error',
            kinds: ['near', 'far'],
            message: 'They collide.',
            timeline: [{ at: after(0), says: 'near opens' }],
          },
        ],
        repaired: { ...settings, kinds: { ...settings.kinds, far: { ...slots, opens: '5 * * * *' } } },
        promises: { far: '12h' },
      },
      inRed,
    );
    expect(lines).toContain('<error: They collide.>');
    expect(lines).toContain('  Sun 1 Mar 12:00  near opens');
    expect(lines.slice(-2)).toEqual(["This would pass: --set 'far.opens=5 * * * *'", 'It keeps: far 12h']);
  });
});

describe('alerts', () => {
  const alert: Alert = {
    id: 'a',
    type: 'journal_lost',
    severity: 'error',
    title: 'The journal is gone',
    why: 'It is empty.',
    todo: 'Look at the broker.',
    since: after(-60),
    raisedAt: after(-60),
    resolvedAt: null,
  };

  it('say what, since when, why and what to do; what is over wants nothing done', () => {
    expect(alertLines([alert], inRed)).toEqual([
      '<The journal is gone> (since Sun 1 Mar 11:59:00)',
      '  It is empty.',
      '  → Look at the broker.',
    ]);
    expect(alertLines([{ ...alert, resolvedAt: after(0) }], inRed)).toHaveLength(2);
    expect(alertLines([], look())).toEqual(['Nothing is wrong now.']);
  });
});

describe('what is told', () => {
  it('says when, what and whose, and a 429 in red', () => {
    const change = { permit: 'p', budget: 'clubs', at: after(0) };
    const changes = [
      { ...change, change: 'started', lane: 'rider_sync', result: null, status: null },
      { ...change, change: 'settled', lane: null, result: 'answered', status: 429 },
      { ...change, change: 'settled', lane: null, result: 'unanswered', status: null },
    ];
    expect(toldLines({ type: 'permits.changed', id: 1, data: { changes } }, now, inRed)).toEqual([
      '12:00:00  permits    clubs call begins, rider sync',
      '12:00:00  permits    clubs call <answered 429>',
      '12:00:00  permits    clubs call unanswered',
    ]);
    expect(toldLines({ type: 'gap', id: undefined, data: {} }, now, inRed)[0]).toContain('missing');
  });
});

describe('a table', () => {
  it('lines up, and cuts its widest column where it is too wide', () => {
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
  it('become one change of the schedule', () => {
    expect(changeOf(['near.duration=8m', 'near.opens=0 */2 * * *', 'timeZone=UTC', 'far.skip='])).toEqual({
      timeZone: 'UTC',
      kinds: { near: { duration: '8m', opens: '0 */2 * * *' }, far: { skip: '' } },
    });
    expect(promisesOf(['near=60m', 'far=cycle'])).toEqual({ near: '60m', far: 'cycle' });
    for (const wrong of ['near', 'near=8m', '=']) expect(() => changeOf([wrong])).toThrow(WrongSetting);
  });
});
