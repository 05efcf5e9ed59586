import { commandRow, eventRow, runRow } from '@paceline/api/testing/rows.ts';
import type { TestApi } from '@paceline/api/testing/api.ts';
import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { respond } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { operatorEnv, start, startTestSystem, viewer } from './testing/world.ts';

const minute = 60_000;
let system: { test: TestApi; stop(): Promise<void> };
let now: number;
beforeAll(async () => {
  system = await startTestSystem();
  now = Math.round(system.test.clock.now());
});
afterAll(() => system?.stop());

const paceline = (...args: string[]) => start(args, operatorEnv(system.test.api.url)).ended;
const json = async (...args: string[]) => JSON.parse((await paceline(...args, '--json')).out);

describe('paceline trigger and retry', () => {
  it('request a run, once, and one for what another run failed', async () => {
    const triggered = await paceline('trigger', 'near');
    expect(triggered).toMatchObject({ code: 0, out: expect.stringMatching(/^Run \S+ requested\n/) });
    expect((await paceline('trigger', 'near')).out).toMatch(/^Run \S+ was requested before\n/);
    await system.test.db
      .insert(tables.syncRuns)
      .values(runRow('failed-run-1', { kind: 'far', state: 'failed', error: 'no response' }));
    expect(await json('retry', 'failed-run')).toMatchObject({ already: false, reason: null });
    expect(await paceline('trigger', 'sideways')).toMatchObject({
      code: 2,
      err: expect.stringContaining('KIND must be one of rider, near, far, results'),
    });
    const byViewer = start(['trigger', 'far'], {
      ...operatorEnv(system.test.api.url),
      PACELINE_TOKEN: viewer,
    });
    expect((await byViewer.ended).code).toBe(77);
  });
});

describe('paceline requests, cancel and why', () => {
  it('list requests, explain one, and cancel it by the start of its id', async () => {
    await system.test.db.insert(tables.commands).values([
      commandRow('1aaaaaaa-0000-4000-8000-000000000001', {
        riderId: 42,
        progress: { state: 'waiting_in_line', position: 2, at: now + minute },
        requestedAt: now - minute,
      }),
      commandRow('1aaabbbb-0000-4000-8000-000000000002', {
        riderId: 43,
        progress: { state: 'done' },
        finishedAt: now,
        requestedAt: now - minute,
      }),
    ]);
    const listed = await paceline('requests', '--rider=42');
    expect(listed.out).toMatch(/1aaaaaaa .* Rider 42 +Number 2 in the queue, expected at/);
    expect(listed.out).not.toContain('Rider 43');
    expect((await json('requests', '--state=done')).items).toMatchObject([{ riderId: 43 }]);

    const why = await paceline('why', '1aaaaaaa');
    expect(why.out).toMatch(/^Rider 42: number 2 in the queue, expected at/);
    expect(why.out).toMatch(/ahead +1 request\n/);
    expect(why.out).toMatch(/rate limit +Riders \(single\), 5 per minute \(documented\)/);
    expect(why.out).toMatch(/calls +available now/);

    const cancelled = await paceline('cancel', '1aaaa');
    expect(cancelled).toMatchObject({
      code: 0,
      out: expect.stringContaining('Rider 42: Cancelled by an operator'),
    });
    expect(await paceline('cancel', '1aaab')).toMatchObject({ code: 1, err: expect.any(String) });
    for (const [id, refusal] of [
      ['1aaa', 'Several ids start with 1aaa'],
      ['', '"" is too short for an id'],
    ] as const)
      expect(await paceline('cancel', id)).toMatchObject({ code: 2, err: expect.stringContaining(refusal) });
  });
});

describe('paceline why', () => {
  it('names the goal of an event, its next refresh, and the pauses that delay it', async () => {
    await system.test.db
      .insert(tables.events)
      .values(eventRow('701', { title: 'Evening Race', startsAt: now + 40 * minute, fetchedAt: now }));
    const before = await json('why', '701');
    expect(before.text).toMatch(
      /^Evening Race: Signups not fetched yet, goal: at most 60 min old \(not met\)\. Next near sync: /,
    );
    expect(before.facts).toMatchObject({
      class: 'Within the hour',
      'near sync': expect.stringMatching(/^on, next slot/),
    });

    await paceline('pause', 'near-sync', '--for=30m');
    await paceline('pause', 'signups', '--for=10m');
    const { facts } = await json('why', '701');
    expect(facts['near sync']).toMatch(/^paused until/);
    expect(facts).toMatchObject({
      calls: expect.stringMatching(/^paused for .* by an operator$/),
      'to resume': 'paceline resume signups',
    });
    await paceline('resume', 'near-sync');
    await paceline('resume', 'signups');
  });

  it('says when a call is planned for an event and until when its copy is fresh, as the events do', async () => {
    const startsAt = now + 40 * minute;
    const common = { eventId: '701', title: 'Evening Race', startsAt, class: 'near', ours: true } as const;
    const next = [{ ...common, copiedAt: null, withinGoal: false, because: 'never_fetched' as const }].map(
      (event) => ({ ...event, plannedAt: now + 12 * minute, freshUntil: startsAt }),
    );
    const bus = await system.test.busOf('event-sync');
    const answering = respond(bus, catalog.freshness, {}, (_, reply) =>
      reply({ at: now, classes: [], next }),
    );
    await bus.connection.flush();
    const planned = /Planned for \d\d:\d\d,\sfresh\suntil\sthe\sstart\s\(no\scopy\syet\)/;
    expect((await paceline('why', '701')).out).toMatch(planned);
    expect((await paceline('event', '701')).out).toMatch(planned);
    expect((await paceline('events')).out).toMatch(/701 .* \d\d:\d\d, fresh until the start\n/);
    answering.unsubscribe();
    await bus.connection.flush();
  });

  it('gives the outcome of a run, and says when it knows no such id', async () => {
    await system.test.db.insert(tables.syncRuns).values(runRow('cccc-1', { kind: 'far' }));
    expect((await paceline('why', 'cccc')).out).toMatch(
      /^Far sync done: 2 far events synced, 1 deferred to the next slot\./,
    );
    expect(await paceline('why', 'no-such-id')).toMatchObject({
      code: 1,
      err: 'No request, event or run has the id no-such-id\n',
    });
  });
});

describe('paceline limits, limit and queue', () => {
  it('show a limit, set it and reset it', async () => {
    expect((await paceline('limits')).out).toMatch(
      /signups +Signups +1 per minute \(documented\) +available now +0/,
    );
    const set = await paceline('limit', 'signups', '1/2m');
    expect(set.out).toMatch(/signups .* 1 per 2 min, set by an operator/);
    expect(await json('limit', 'signups', '--reset')).toMatchObject({ policy: { from: 'documented' } });
    for (const wrong of [
      ['signups'],
      ['signups', 'often'],
      ['signups', '1/2m', '--reset'],
      ['shoes', '1/2m'],
    ])
      expect((await paceline('limit', ...wrong)).code).toBe(2);
    expect((await paceline('queue')).out).toBe('No requests are waiting.\n');
  });
});
