import { fakeImports, fakeRiderSync } from '@paceline/api/testing/services.ts';
import { callRow, runRow } from '@paceline/api/testing/rows.ts';
import { startTestApi, type TestApi } from '@paceline/api/testing/api.ts';
import { exampleRoster } from '@paceline/client/testing/roster';
import { catalog } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { type Bus, publish } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  operatorEnv,
  runProcess,
  type RunningCommand,
  start,
  startProxy,
  startTestSystem,
  viewer,
} from './testing/world.ts';

let system: { test: TestApi; stop(): Promise<void> };
let riderSync: Bus;
beforeAll(async () => {
  system = await startTestSystem();
  riderSync = await system.test.busOf('rider-sync');
});
afterAll(() => system?.stop());

const apiEnv = (more: NodeJS.ProcessEnv = {}) => ({ ...operatorEnv(system.test.api.url), ...more });
const paceline = (args: readonly string[], more?: NodeJS.ProcessEnv, input?: string) =>
  start(args, apiEnv(more), input).ended;
const json = async (args: readonly string[], input?: string) => {
  const { code, out, err } = await paceline([...args, '--json'], {}, input);
  expect(err).toBe('');
  return { code, document: JSON.parse(out) };
};

describe('paceline status', () => {
  it('draws every rate limit, or prints one JSON document', async () => {
    const { code, out } = await paceline(['status'], { COLUMNS: '100' });
    expect(code).toBe(0);
    expect(out).toMatch(/^Paceline {2}\w{3} \d+ \w{3} \d\d:\d\d:\d\d UTC/);
    expect(out).toMatch(/Riders \(single\) {2}─+│·+ {2}5 of 5 available now/);
    expect(out).not.toContain('\u001B');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);

    const { document } = await json(['status']);
    expect(document.budgets).toHaveLength(6);
    expect(document).toMatchObject({
      alerts: [],
      queue: { waiting: 0 },
      clock: { scale: 1 },
      schedule: { timeZone: 'UTC' },
    });
  });
});

describe('paceline status without a limiter', () => {
  it('names it and exits with 69', async () => {
    const test = await startTestApi({ running: ['scheduler', 'rider-sync', 'event-sync'] });
    await test.until(async () => expect((await test.get('/v1/health')).body.healthy).toBe(false));
    const { code, out } = await start(['status'], { PACELINE_URL: test.api.url }).ended;
    expect({ code, out }).toMatchObject({
      code: 69,
      out: expect.stringContaining('No limiter is running (since'),
    });
    await test.stop();
  });
});

describe('paceline add-rider', () => {
  it('shows the progress until the rider is added', async () => {
    const standIn = await fakeRiderSync(riderSync, system.test.db, async (_, move) => {
      await move({ state: 'running' });
      await move({ state: 'done' });
    });
    const { code, out } = await paceline(['add-rider', '4500001']);
    expect(code).toBe(0);
    expect(out.trim().split('\n').at(-1)).toBe('Rider 4500001 added: Rider 4500001');
    await standIn.stop();
  });

  it('fails with the reason, or returns at once with --wait=no', async () => {
    const reason = 'ZwiftRacing has no rider 404';
    const standIn = await fakeRiderSync(riderSync, system.test.db, (_, move) =>
      move({ state: 'failed', reason }),
    );
    const failed = await paceline(['add-rider', '404']);
    expect(failed).toMatchObject({ code: 1, out: expect.stringContaining(reason) });
    const { code, document } = await json(['add-rider', '405', '--wait=no']);
    expect({ code, document }).toMatchObject({ code: 0, document: { riderId: 405, type: 'add-rider' } });
    await standIn.stop();
  });
});

describe('paceline add-rider during an outage of the API', () => {
  it('continues until the rider is added', async () => {
    const proxy = await startProxy(system.test.api.url);
    const outage = Promise.withResolvers<void>();
    const standIn = await fakeRiderSync(riderSync, system.test.db, async (_, move) => {
      await outage.promise;
      await move({ state: 'done' });
    });
    const adding = start(['add-rider', '4500003'], operatorEnv(proxy.url));
    await eventually(() => expect(adding.out()).toContain('Rider 4500003'));
    proxy.close();
    await eventually(() => expect(adding.out()).toContain('lost; reconnecting'));
    outage.resolve();
    proxy.open();
    expect(await adding.ended).toMatchObject({ code: 0, out: expect.stringContaining('4500003 added') });
    proxy.stop();
    await standIn.stop();
  });
});

describe('paceline import', () => {
  it('reads a list from stdin and lists the riders that failed', async () => {
    const standIn = await fakeImports(riderSync, system.test.db, { state: 'done' }, { failed: [12] });
    const { code, out } = await paceline(['import', '-'], {}, 'name,riderId\nAnna,11\nBo,12\nCleo,13\n');
    expect(code).toBe(1);
    expect(out).toContain('2 added, 1 failed');
    expect(out).toContain('Rider 12  ZwiftRacing has no rider 12');
    const { document } = await json(['import', '-'], '21\n12\n');
    expect(document).toMatchObject({ riders: { done: 1, failed: 1 }, failed: [{ riderId: 12 }] });
    await standIn.stop();
  });

  it('shows what it read of a roster, and imports nothing while a line is not clear', async () => {
    const roster = 'Team 2026\nname,power,zwid\n"Rider, One",2163,567558\nBo, Jr,2736,1462481\n# left\n';
    const preview = await paceline(['import', '-', '--preview'], {}, roster);
    expect(preview).toMatchObject({ code: 1, err: '' });
    expect(preview.out).toBe(
      [
        '1 rider from column zwid',
        '  567558  Rider, One · 2163',
        '2 lines without a clear rider id:',
        '  line 1: Team 2026 (above the header row)',
        '  line 4: Bo, Jr,2736,1462481 (has 4 of 3 columns)',
        '1 comment skipped\n',
      ].join('\n'),
    );
    const refused = await paceline(['import', '-'], {}, roster);
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('--skip-invalid imports the other 1'),
    });
  });

  it('of a roster of 800 lines requests exactly its riders', async () => {
    const standIn = await fakeImports(riderSync, system.test.db, { state: 'done' });
    const { text, riderIds } = exampleRoster();
    const { code, document } = await json(['import', '-', '--skip-invalid'], text);
    expect({ code, document }).toMatchObject({
      code: 0,
      document: { riders: { done: riderIds.length, failed: 0 } },
    });
    const riders = await system.test.db.select().from(tables.wantedRiders);
    expect(
      riders
        .filter(({ commandId }) => commandId === document.commandId)
        .map(({ riderId }) => riderId)
        .toSorted((a, b) => a - b),
    ).toEqual(riderIds);
    await standIn.stop();
  });
});

describe('paceline runs and run', () => {
  it('list runs, and show every call of one run with its reason', async () => {
    await system.test.db
      .insert(tables.syncRuns)
      .values([runRow('aaaa-1'), runRow('bbbb-2', { kind: 'far' })]);
    await system.test.db
      .insert(tables.syncLogs)
      .values([
        callRow('aaaa-1', { because: 'starts soon' }),
        callRow('aaaa-1', { status: 500, message: 'Internal error' }),
      ]);
    const near = await paceline(['runs', '--kind=near', '--state=done']);
    expect(near.out).toMatch(/aaaa-1 .* near sync +done +60 s|aaaa-1 .* near sync +done +1 min/);
    expect(near.out).not.toContain('bbbb-2');

    const reason = `ZwiftRacing answered 503 ${'and so on '.repeat(20)}`.trim();
    await system.test.db
      .insert(tables.syncLogs)
      .values([callRow('aaaa-1', { status: 503, message: reason, startedAt: Date.now() })]);
    const failed = await paceline(['failures']);
    // Piped, so nothing is cut.
    expect(failed.out).toContain(`signups 5230192  ${reason}  run aaaa-1`);
    expect((await paceline(['failures', '--since=soon'])).code).toBe(2);

    const one = await paceline(['run', 'aaaa']);
    expect(one.out).toMatch(/signups +5230192 +200 .*starts soon/);
    expect(one.out).toContain('500 Internal error');
    expect(await paceline(['run', 'no-such-run'])).toMatchObject({
      code: 1,
      err: 'Run no-such-run does not exist\n',
    });
  });
});

describe('paceline pause and resume', () => {
  it('pause a budget and resume it', async () => {
    const paused = await paceline(['pause', 'clubs', '--for=15m']);
    expect(paused).toMatchObject({ code: 0, out: expect.stringMatching(/paused for 1[45]:\d\d/) });
    expect((await paceline(['status'])).out).toContain('by an operator');
    const resumed = await json(['resume', 'clubs']);
    expect(resumed.document).toMatchObject({ budget: 'clubs', pausedUntil: { operator: null } });
  });

  it('pause a sync for an hour, and resume it', async () => {
    const paused = await paceline(['pause', 'near-sync']);
    expect(paused).toMatchObject({ code: 0, out: expect.stringMatching(/near +paused until .*, then/) });
    const schedule = await json(['schedule']);
    const untilMs = Date.parse(schedule.document.pausedUntil.near);
    expect(untilMs).toBe(Math.ceil(system.test.clock.now()) + 3_600_000);
    expect((await paceline(['status'])).out).toMatch(/Syncs +rider at .* near paused until/);
    const resumed = await json(['resume', 'near-sync']);
    expect(resumed.document).toMatchObject({
      pausedUntil: { near: null },
      kinds: { near: { mode: 'on' } },
    });
  });
});

describe('paceline plan and schedule set', () => {
  it('check a change without applying it, and reject one with errors', async () => {
    const { code, document } = await json(['plan', '--set=rider.duration=8m']);
    expect({ code, rider: document.settings.kinds.rider.duration }).toEqual({ code: 0, rider: '8m' });
    const refused = await paceline(['schedule', 'set', 'far.opens=30 */2 * * *', 'far.duration=25m']);
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('Nothing was changed') });
    const inForce = await json(['schedule']);
    expect(inForce.document.kinds).toMatchObject({ rider: { duration: '10m' }, far: { duration: '5m' } });
  });
});

describe('paceline tail', () => {
  it('prints each event once, across a broken connection', async () => {
    const proxy = await startProxy(system.test.api.url);
    const tail = start(['tail', '--types=command.changed', '--json'], operatorEnv(proxy.url));
    const publishChange = (riderId: number) =>
      publish(riderSync, catalog.commandChanged, {
        commandId: `command-${riderId}`,
        riderId,
        at: 1_000,
        progress: { state: 'running' },
      });
    const received = ({ out }: Pick<RunningCommand, 'out'>) =>
      out()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).data.riderId as number);
    // Nothing shows from outside when it has subscribed.
    await eventually(async () => {
      await publishChange(1);
      expect(received(tail)).toContain(1);
    });
    proxy.dropConnections();
    await publishChange(901);
    await publishChange(902);
    await eventually(() => expect(received(tail)).toContain(902));
    expect(received(tail).filter((riderId) => riderId > 900)).toEqual([901, 902]);
    expect(tail.err()).toContain('reconnecting');
    tail.stop();
    expect((await tail.ended).code).toBe(130);
    proxy.stop();
  });
});

describe('exit codes', () => {
  it('show why a command failed', async () => {
    expect(await paceline(['runs', '--kind=sideways'])).toMatchObject({
      code: 2,
      err: 'kind must be one of rider, near, far, results\n',
    });
    expect(await paceline(['add-rider'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Missing argument: ID'),
    });
    expect((await paceline(['fly'])).code).toBe(2);
    expect((await paceline(['import', '-'], {}, 'Anna\n')).err).toContain('line 1: Anna');
    expect((await paceline(['plan', '--set=near'])).err).toContain('must look like near.duration=8m');
    expect((await paceline(['status'], { PACELINE_TOKEN: 'wrong' })).code).toBe(77);
    expect((await paceline(['pause', 'clubs'], { PACELINE_TOKEN: viewer })).code).toBe(77);
    expect((await paceline(['status'], { PACELINE_TOKEN: viewer })).code).toBe(0);
    const unreachable = await paceline(['status', '--json'], { PACELINE_URL: 'http://127.0.0.1:1' });
    expect(unreachable.code).toBe(69);
    expect(JSON.parse(unreachable.err).detail).toMatch(/^The API at .* does not answer/);
    const help = await paceline(['--help']);
    expect(help).toMatchObject({ code: 0, out: expect.stringMatching(/Exit codes:\n {2}0 +success/) });
    expect(help.out).toMatch(/^Look:\n {2}status [\s\S]*^Act:\n {2}add-rider [\s\S]*^Operate:\n {2}pause /m);
    expect((await paceline(['trigger', '--help'])).out).toContain('KIND: rider, near, far, results');
    expect((await paceline(['completion', 'bash'])).out).toContain(
      'complete -o default -F _paceline paceline',
    );
    expect((await paceline(['tail', '--help'])).out).toContain('paceline tail');
  });

  it('are the same in a real process', async () => {
    const [ok, wrong] = await Promise.all([
      runProcess(['schedule', '--json'], apiEnv()),
      runProcess(['import', '/no/such/file'], apiEnv()),
    ]);
    expect(ok).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(ok.out)).toMatchObject({ timeZone: 'UTC' });
    expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining('/no/such/file') });
  });
});
