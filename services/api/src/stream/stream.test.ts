import { catalog } from '@paceline/shared/contracts';
import { accountOf } from '@paceline/shared/limiter';
import { type Bus, publish } from '@paceline/shared/messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { streamShapes, type StreamType } from './view.ts';
import { apiKey, startTestApi, type TestApi } from '../testing/api.ts';
import { someSettings, someTime } from '../testing/rows.ts';
import { type Viewer, watch } from '../testing/sse.ts';

let test: TestApi;
let limiter: Bus;
let riderSync: Bus;
let eventSync: Bus;
let scheduler: Bus;
const viewers: Viewer[] = [];
const account = accountOf(apiKey);

beforeAll(async () => {
  test = await startTestApi();
  [limiter, riderSync, eventSync, scheduler] = await Promise.all([
    test.busOf('limiter'),
    test.busOf('rider-sync'),
    test.busOf('event-sync'),
    test.busOf('scheduler'),
  ]);
});
afterEach(() => {
  for (const viewer of viewers.splice(0)) viewer.stop();
});
afterAll(() => test?.stop());

async function open(headers?: Record<string, string>, query = '', base = test.api.url): Promise<Viewer> {
  const viewer = await test.until(() => watch(`${base}/v1/stream${query}`, headers));
  viewers.push(viewer);
  return viewer;
}
let commands = 0;
const tellCommand = (riderId: number) =>
  publish(riderSync, catalog.commandChanged, {
    commandId: `command-${(commands += 1)}`,
    riderId,
    at: someTime,
    progress: { state: 'waiting_for_window', until: someTime + 60_000 },
  });
const tellConflict = (of: string) =>
  publish(limiter, catalog.conflict, {
    account: of,
    lane: 'far_event_sync',
    blockedBy: 'near_event_urgent',
    endpoint: 'signups',
    at: someTime,
    expectedWaitMs: 1_500,
  });
const riders = ({ heard }: Viewer) =>
  heard.filter(({ type }) => type === 'command.changed').map(({ data }) => data.riderId as number);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

describe('GET /v1/stream', () => {
  it('shows everything that happens, each in the shape that is documented for its name', async () => {
    const viewer = await open();
    const counts = { planned: 1, synced: 1, failed: 0, deferred: 0, stored: 9 };
    await publish(eventSync, catalog.runChanged, {
      runId: 'run-1',
      kind: 'near',
      slotId: 'slot:near:x',
      mode: 'on',
      state: 'done',
      at: someTime,
      counts,
      error: null,
    });
    await tellCommand(1);
    await publish(limiter, catalog.permitsChanged, {
      changes: [
        { change: 'started', permit: 'p', account, endpoint: 'clubs', lane: 'rider_sync', at: someTime },
        {
          change: 'settled',
          permit: 'p',
          account,
          endpoint: 'clubs',
          at: someTime,
          outcome: { result: 'answered', status: 429 },
        },
        { change: 'returned', permit: 'q', account: 'another', endpoint: 'clubs', at: someTime },
      ],
    });
    await tellConflict(account);
    await publish(limiter, catalog.alert, { type: 'journal_lost', at: someTime, message: 'It is gone' });
    await publish(eventSync, catalog.freshnessMeasured, { at: someTime, classes: [] });
    await publish(eventSync, catalog.sourceChanged, {
      source: 'signups',
      state: 'unavailable',
      at: someTime,
      status: 404,
      message: 'It knows no such thing',
      advice: null,
    });

    await publish(scheduler, catalog.scheduleChanged, {
      version: 7,
      settings: someSettings,
      changed: true,
      since: someTime,
    });

    await test.until(() => expect(viewer.heard).toHaveLength(8));
    for (const { type, data } of viewer.heard)
      expect(streamShapes[type as StreamType].parse(data)).toEqual(data);
    const [run, command, permits, conflict] = viewer.heard;
    expect(run?.data).toMatchObject({ id: 'run-1', at: '2026-03-01T12:00:00.000Z', counts });
    expect(command?.data).toMatchObject({ state: 'waiting_for_window', until: '2026-03-01T12:01:00.000Z' });
    expect(permits?.data.changes).toMatchObject([
      { change: 'started', lane: 'rider_sync', status: null },
      { change: 'settled', lane: null, status: 429 },
    ]);
    expect(conflict?.data).toMatchObject({ blocked: 'far_event_sync', expectedWaitSeconds: 1.5 });
    expect(viewer.heard.at(-1)?.data).toMatchObject({
      version: 7,
      from: 'changed',
      kinds: { near: { duration: '10m' } },
    });
    const ids = viewer.heard.map(({ id }) => id as number);
    expect(ids).toEqual(upTo(8, ids[0]));
  });

  it('shows only the types that are asked for, and nothing of other accounts', async () => {
    const viewer = await open({}, '?types=conflict,alert');
    await tellCommand(1);
    await tellConflict('another');
    await tellConflict(account);
    await test.until(() => expect(viewer.heard).toHaveLength(1));
    expect(viewer.heard[0]?.type).toBe('conflict');
    const { status, body } = await test.get('/v1/stream?types=conflict,nonsense');
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field: 'types', message: expect.stringContaining('run.changed') }]);
  });

  it('answers a question for its headers without opening a stream', async () => {
    const { status } = await fetch(`${test.api.url}/v1/stream`, { method: 'HEAD' });
    expect(status).toBe(200);
  });

  it('goes on behind the last id, each thing once, also in another process that was not there before', async () => {
    const first = await open();
    for (const rider of upTo(3)) await tellCommand(rider);
    await test.until(() => expect(riders(first)).toEqual(upTo(3)));
    first.stop();
    for (const rider of upTo(150, 4)) await tellCommand(rider);
    const lastEventId = { 'last-event-id': String(first.lastId()) };

    const again = await open(lastEventId);
    await test.until(() => expect(riders(again)).toEqual(upTo(150, 4)));

    const { url } = await test.startAnother();
    const elsewhere = await open(lastEventId, '', url);
    await tellCommand(154);
    await test.until(() => expect(riders(elsewhere)).toEqual(upTo(151, 4)));
    await test.until(() => expect(riders(again)).toEqual(upTo(151, 4)));
  });

  it('tells its viewers when the process ends, and nothing is lost or doubled on the way', async () => {
    const dying = await test.startAnother();
    const viewer = await open({}, '', dying.url);
    const telling = (async () => {
      for (const rider of upTo(60)) await tellCommand(rider);
    })();
    await test.until(() => expect(riders(viewer).length).toBeGreaterThan(5));
    await dying.stop();
    await viewer.ended;
    expect(viewer.heard.at(-1)).toMatchObject({ type: 'closing', data: { reason: 'shutting_down' } });
    const resumed = await open({ 'last-event-id': String(viewer.lastId()) });
    await telling;
    await test.until(() => expect([...riders(viewer), ...riders(resumed)]).toEqual(upTo(60)));
  });

  it('says what is not kept any more', async () => {
    const first = await open();
    await tellCommand(1);
    await test.until(() => expect(first.heard).toHaveLength(1));
    const from = first.lastId() ?? 0;
    for (const rider of upTo(3, 2)) await tellCommand(rider);
    await test.until(() => expect(first.heard).toHaveLength(4));
    const provision = await test.busOf('admin');
    const manager = await provision.js.jetstreamManager();
    await manager.streams.purge('EVENTS', { seq: from + 3 });
    const { url } = await test.startAnother();
    const late = await open({ 'last-event-id': String(from) }, '', url);
    await test.until(() => expect(riders(late)).toEqual([4]));
    expect(late.heard[0]).toMatchObject({ type: 'gap', data: { from: from + 1, to: from + 2 } });
    const stranger = await open({ 'last-event-id': '999999999' });
    await test.until(() => expect(stranger.heard).toMatchObject([{ type: 'gap', data: { from: null } }]));
  });
});
