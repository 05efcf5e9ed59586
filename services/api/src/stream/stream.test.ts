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
const publishCommand = (riderId: number) =>
  publish(riderSync, catalog.commandChanged, {
    commandId: `command-${(commands += 1)}`,
    riderId,
    at: someTime,
    progress: { state: 'waiting_for_window', until: someTime + 60_000 },
  });
const publishConflict = (of: string) =>
  publish(limiter, catalog.conflict, {
    account: of,
    lane: 'far_event_sync',
    blockedBy: 'near_event_urgent',
    endpoint: 'signups',
    at: someTime,
    expectedWaitMs: 1_500,
  });
const riders = ({ events }: Viewer) =>
  events.filter(({ type }) => type === 'command.changed').map(({ data }) => data.riderId as number);
const upTo = (count: number, from = 1) => Array.from({ length: count }, (_, index) => from + index);

describe('GET /v1/stream', () => {
  it('asks proxies not to store, compress or buffer it', async () => {
    const { headers } = await fetch(`${test.api.url}/v1/stream`, { method: 'HEAD' });
    expect(headers.get('cache-control')).toBe('no-cache, no-transform');
    expect(headers.get('x-accel-buffering')).toBe('no');
  });

  it('sends every type of event in its documented shape', async () => {
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
    await publishCommand(1);
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
    await publishConflict(account);
    await publish(limiter, catalog.alert, { type: 'journal_lost', at: someTime, message: 'Journal lost' });
    await publish(eventSync, catalog.freshnessMeasured, { at: someTime, classes: [] });
    await publish(eventSync, catalog.sourceChanged, {
      source: 'signups',
      state: 'unavailable',
      at: someTime,
      status: 404,
      message: 'Not found',
      advice: null,
    });

    await publish(scheduler, catalog.scheduleChanged, {
      version: 7,
      settings: someSettings,
      changed: true,
      since: someTime,
    });

    await test.until(() => expect(viewer.events).toHaveLength(8));
    for (const { type, data } of viewer.events)
      expect(streamShapes[type as StreamType].parse(data)).toEqual(data);
    const [run, command, permits, conflict] = viewer.events;
    expect(run?.data).toMatchObject({ runId: 'run-1', at: '2026-03-01T12:00:00.000Z', counts });
    expect(command?.data).toMatchObject({ state: 'waiting_for_window', until: '2026-03-01T12:01:00.000Z' });
    expect(permits?.data.changes).toMatchObject([
      { change: 'started', lane: 'rider_sync', status: null },
      { change: 'settled', lane: null, status: 429 },
    ]);
    expect(conflict?.data).toMatchObject({ blocked: 'far_event_sync', expectedWaitSeconds: 1.5 });
    expect(viewer.events.at(-1)?.data).toMatchObject({
      version: 7,
      from: 'changed',
      kinds: { near: { duration: '10m' } },
    });
    const ids = viewer.events.map(({ id }) => id as number);
    expect(ids).toEqual(upTo(8, ids[0]));
  });

  it('sends only the requested types, and nothing of other accounts', async () => {
    const viewer = await open({}, '?types=conflict,alert');
    await publishCommand(1);
    await publishConflict('another');
    await publishConflict(account);
    await test.until(() => expect(viewer.events).toHaveLength(1));
    expect(viewer.events[0]?.type).toBe('conflict');
    const { status, body } = await test.get('/v1/stream?types=conflict,nonsense');
    expect(status).toBe(400);
    expect(body.errors).toEqual([{ field: 'types', message: expect.stringContaining('run.changed') }]);
  });

  it('responds to HEAD without opening a stream', async () => {
    const { status } = await fetch(`${test.api.url}/v1/stream`, { method: 'HEAD' });
    expect(status).toBe(200);
  });

  it('resumes after the last id without repeating events, also from a process started later', async () => {
    const first = await open();
    for (const rider of upTo(3)) await publishCommand(rider);
    await test.until(() => expect(riders(first)).toEqual(upTo(3)));
    first.stop();
    for (const rider of upTo(150, 4)) await publishCommand(rider);
    const lastEventId = { 'last-event-id': String(first.lastId()) };

    const again = await open(lastEventId);
    await test.until(() => expect(riders(again)).toEqual(upTo(150, 4)));

    const { url } = await test.startAnother();
    const elsewhere = await open(lastEventId, '', url);
    await publishCommand(154);
    await test.until(() => expect(riders(elsewhere)).toEqual(upTo(151, 4)));
    await test.until(() => expect(riders(again)).toEqual(upTo(151, 4)));
  });

  it('sends a closing event when the process ends, and resumes elsewhere without losing or repeating events', async () => {
    const ending = await test.startAnother();
    const viewer = await open({}, '', ending.url);
    const publishing = (async () => {
      for (const rider of upTo(60)) await publishCommand(rider);
    })();
    await test.until(() => expect(riders(viewer).length).toBeGreaterThan(5));
    await ending.stop();
    await viewer.ended;
    expect(viewer.events.at(-1)).toMatchObject({ type: 'closing', data: { reason: 'shutting_down' } });
    const resumed = await open({ 'last-event-id': String(viewer.lastId()) });
    await publishing;
    await test.until(() => expect([...riders(viewer), ...riders(resumed)]).toEqual(upTo(60)));
  });

  it('sends a gap for events that are no longer available', async () => {
    const first = await open();
    await publishCommand(1);
    await test.until(() => expect(first.events).toHaveLength(1));
    const from = first.lastId() ?? 0;
    for (const rider of upTo(3, 2)) await publishCommand(rider);
    await test.until(() => expect(first.events).toHaveLength(4));
    const provision = await test.busOf('admin');
    const manager = await provision.js.jetstreamManager();
    await manager.streams.purge('EVENTS', { seq: from + 3 });
    const { url } = await test.startAnother();
    const late = await open({ 'last-event-id': String(from) }, '', url);
    await test.until(() => expect(riders(late)).toEqual([4]));
    expect(late.events[0]).toMatchObject({ type: 'gap', data: { from: from + 1, to: from + 2 } });
    const unknownId = await open({ 'last-event-id': '999999999' });
    await test.until(() => expect(unknownId.events).toMatchObject([{ type: 'gap', data: { from: null } }]));
  });
});
