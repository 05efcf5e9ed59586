import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LintFinding } from '@paceline/shared/contracts';
import { analyze } from './analysis.ts';
import { isError, lint as lintOf } from './lint.ts';
import type { Plan } from './plan.ts';
import { crons, day, design, hour, lengths, minute, monday, planOf, shipped } from './testing.ts';

const headlinesOf = (findings: readonly LintFinding[]) =>
  findings.map(({ severity, rule, kinds }) => `${severity} ${rule} ${kinds.join(' x ')}`);
const only = (findings: readonly LintFinding[], rule: LintFinding['rule']) =>
  findings.filter((finding) => finding.rule === rule);
const timesOf = ({ timeline }: LintFinding) =>
  timeline.map(({ at, says }) => `${new Date(at).toISOString().slice(5, 16)} ${says}`);

const lint = (plan: Plan, from: number) => lintOf(analyze(plan, from));

describe('lint of the first design', () => {
  const findings = lint(design(), monday);

  it('reports a collision and two goals as errors', () => {
    expect(headlinesOf(findings)).toEqual([
      'error collision near x far',
      'error goal near',
      'error goal far',
      'warning demand near',
      'warning demand far',
    ]);
  });

  it('reports that near and far overlap for hours every day, first at 00:30', () => {
    const [collision] = only(findings, 'collision');
    expect(collision?.message).toBe(
      'The near and far slots overlap (228 minutes a day) and share the rate limits for events and signups. ' +
        'First overlap: near 00:25–00:37 and far 00:30–00:55, for 7 min from Mon 4 May 00:30.',
    );
    expect(collision && timesOf(collision)).toEqual([
      '05-04T00:25 near slot opens',
      '05-04T00:30 far slot opens',
      '05-04T00:37 near slot closes',
      '05-04T00:55 far slot closes',
    ]);
  });

  it('ignores the rider slot, which overlaps but shares no budget', () => {
    expect(findings.filter(({ kinds }) => kinds.includes('rider'))).toEqual([]);
  });

  it('warns that a 25-minute slot is too short for a pass of 5.2 hours', () => {
    expect(only(findings, 'demand')[1]?.message).toBe(
      '310 far events need 310 calls (5.2 h); each 25-minute slot allows 4–6 (signups: 1 call per minute), ' +
        "and the day's 12 slots allow 68. The rest waits for later slots.",
    );
  });

  it('reports goals that no order of calls can keep, with an event as example', () => {
    const [near] = only(findings, 'goal');
    expect(near?.message).toMatch(
      /^Each near event should be refreshed every 15 min, but these slots refresh it every 5\d/,
    );
    expect(near && timesOf(near)).toEqual([
      '05-03T23:55 near event 1 is refreshed',
      '05-04T00:10 its copy is now older than 15 min',
      expect.stringMatching(/^05-04T00:4\d it is refreshed again, after 4\d/),
    ]);
  });
});

describe('lint of the shipped schedule', () => {
  it.each(['UTC', 'Europe/Stockholm', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'])(
    'reports no error in %s, all year round',
    (timeZone) => {
      expect(lint(shipped(timeZone), monday).filter(isError)).toEqual([]);
    },
  );

  it('warns that a slot is too short for all events', () => {
    expect(headlinesOf(lint(shipped(), monday))).toEqual(['warning demand near', 'warning demand far']);
  });
});

describe('an overrun', () => {
  const overrun = (...plan: Parameters<typeof planOf>) => only(lint(planOf(...plan), monday), 'overrun');

  it('is reported for a slot that is still open when the next one opens', () => {
    expect(overrun({ near: ['*/15 * * * *', 16] })[0]?.message).toBe(
      'The near slot of Sun 3 May 23:45 (23:45–00:01) overlaps the next one, which opens at Mon 4 May 00:00, by 1 min.',
    );
    expect(overrun({ near: ['*/15 * * * *', 15] })).toEqual([]);
  });

  it('is found across midnight', () => {
    expect(overrun({ far: ['30 0,23 * * *', 59] })).toEqual([]);
    expect(overrun({ far: ['30 0,23 * * *', 61] })[0]?.timeline[0]?.at).toBe(monday - hour / 2);
  });

  it.each([
    ['Europe/Stockholm', '2027-03-28T00:00Z'],
    // The hour of the first slot is repeated.
    ['America/New_York', '2026-11-01T05:00Z'],
  ])('is found on the one night when the clocks of %s change', (timeZone, opens) => {
    const twoHours = { rider: ['0 1,3 * * *', 90] as const };
    expect(overrun(twoHours)).toEqual([]);
    expect(overrun(twoHours, { timeZone })[0]?.timeline.map(({ at }) => at)).toEqual([
      Date.parse(opens),
      Date.parse(opens) + hour,
      Date.parse(opens) + 1.5 * hour,
    ]);
  });
});

describe('a collision', () => {
  /** Minutes of the week (UTC) in which a slot is open, by an independent reading of the cron expression. */
  function openMinutes(cron: string, length: number): Set<number> {
    const [minutes, hours, weekdays] = cron
      .split(' ')
      .flatMap((field, index) => (index < 2 || index === 4 ? [field] : []));
    const allowed = (field: string | undefined): ((value: number) => boolean) => {
      const values = new Set((field ?? '').split(',').map(Number));
      return (value) => field === '*' || values.has(value);
    };
    const [byMinute, byHour, byWeekday] = [allowed(minutes), allowed(hours), allowed(weekdays)];
    const open = new Set<number>();
    // Slots that opened before the week can still be open.
    for (let at = -length; at < (7 * day) / minute; at += 1) {
      const date = new Date(monday + at * minute);
      const opens =
        byMinute(date.getUTCMinutes()) && byHour(date.getUTCHours()) && byWeekday(date.getUTCDay());
      if (opens) for (let each = at; each < at + length; each += 1) open.add(each);
    }
    return open;
  }

  it('is found exactly when near and far are open in the same minute of the week', () => {
    fc.assert(
      fc.property(crons, lengths, crons, lengths, (nearCron, nearLength, farCron, farLength) => {
        const plan = planOf({ near: [nearCron, nearLength], far: [farCron, farLength] });
        const [found] = only(lint(plan, monday), 'collision');
        const near = openMinutes(nearCron, nearLength);
        const both = [...openMinutes(farCron, farLength)].filter((each) => near.has(each) && each >= 0);
        const inWeek = both.filter((each) => each < (7 * day) / minute);
        expect(found !== undefined).toBe(inWeek.length > 0);
        if (found) {
          const perDay = Number((inWeek.length / 7).toFixed(1));
          expect(found.message).toMatch(new RegExp(`\\(${perDay} minutes? a day\\)`));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('that happens only when the clocks change is reported as such', () => {
    // A slot in the skipped hour moves into the next one.
    const plan = planOf(
      { near: ['30 2 * * *', 10], far: ['0 3 * * *', 10] },
      { timeZone: 'Europe/Stockholm' },
    );
    expect(only(lint(plan, monday), 'collision')[0]?.message).toContain('only when the clocks change');
  });

  it('is not reported for slots that only touch', () => {
    const touching = planOf({ near: ['0 * * * *', 30], far: ['30 * * * *', 30] });
    expect(only(lint(touching, monday), 'collision')).toEqual([]);
  });
});

describe('a goal', () => {
  const cycle = [{ kind: 'rider', within: 'cycle' }] as const;
  const clubs = (rider: number) => ({
    things: { rider },
    eventsADay: 0,
    goals: cycle,
  });

  it('to refresh each club once per cycle is kept for one club, but not for two at one call per hour', () => {
    const slots = { rider: ['0 */6 * * *', 10] as const };
    expect(lint(planOf(slots, clubs(1)), monday)).toEqual([]);
    const [broken] = only(lint(planOf(slots, clubs(2)), monday), 'goal');
    expect(broken && timesOf(broken)).toEqual([
      '05-04T00:00 club 1 is refreshed',
      '05-04T06:00 its copy is now older than 6 h',
      '05-04T12:00 it is refreshed again, after 12 h',
    ]);
  });

  it.each(['0 4 * * 3', '0 4 * * 1,2'])('per cycle of %s is kept, also over the weekend', (cron) => {
    expect(lint(planOf({ rider: [cron, 10] }, clubs(1)), monday)).toEqual([]);
  });

  it('is reported as broken when the kind has no slot', () => {
    const plan = planOf({}, { goals: [{ kind: 'far', within: day }] });
    const [broken] = only(lint(plan, monday), 'goal');
    expect(broken?.message).toContain('but no slot opens in the week that was checked: 310 far events');
    expect(broken && timesOf(broken)[2]).toBe('05-11T00:00 it has not been refreshed for 168 h');
  });
});
