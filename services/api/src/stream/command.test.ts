import assert from 'node:assert/strict';
import { thisMachine } from '@paceline/shared/clock';
import { catalog, type Progress } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import { type Bus, publish } from '@paceline/shared/messaging';
import { eq } from 'drizzle-orm';
// oxlint-disable-next-line no-restricted-imports -- a client of our own API, never of upstream
import { EventSource } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findCommand } from '../commands/query.ts';
import { type CommandRow, commandView, type CommandView } from '../commands/view.ts';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { commandRow, riderRow, someTime } from '../testing/rows.ts';
import { watch } from '../testing/sse.ts';
import { commandReader } from './command.ts';
import { sseHeartbeat } from './view.ts';

let test: TestApi;
let riderSync: Bus;
beforeAll(async () => {
  test = await startTestApi();
  riderSync = await test.busOf('rider-sync');
});
afterAll(() => test?.stop());

const waiting: Progress = { state: 'waiting_for_window', until: someTime + 60_000 };
let riderId = 4_600_000;

async function store(progress: Progress = waiting): Promise<{ commandId: string; riderId: number }> {
  const commandId = crypto.randomUUID();
  riderId += 1;
  await test.db.insert(tables.commands).values(commandRow(commandId, { riderId, progress }));
  return { commandId, riderId };
}
type Stored = Awaited<ReturnType<typeof store>>;

let at = someTime;
/** As rider-sync does: the row first, then the event. */
async function change({ commandId, riderId: of }: Stored, progress: Progress, isPublished = true) {
  at += 1_000;
  const finishedAt = progress.state === 'done' || progress.state === 'failed' ? at : null;
  await test.db
    .update(tables.commands)
    .set({ progress, updatedAt: at, finishedAt })
    .where(eq(tables.commands.commandId, commandId));
  if (!isPublished) return;
  const changed = { commandId, riderId: of, requestedAt: someTime, at: at + 1, progress };
  await publish(riderSync, catalog.commandChanged, changed);
}
const urlOf = ({ commandId }: Stored, url = test.api.url) => `${url}/v1/commands/${commandId}/stream`;

const sources: EventSource[] = [];
afterEach(() => {
  for (const source of sources.splice(0)) source.close();
});
type Message = Readonly<Record<'lastEventId' | 'data', string>>;
/** Follows a command as a browser does. */
function follow(url: string) {
  const source = new EventSource(url);
  sources.push(source);
  const events: Array<{ readonly id: string; readonly data: CommandView }> = [];
  let closing: string | undefined;
  const on = (type: string, listener: (event: Message) => void) =>
    source.addEventListener(type, (event) => listener(event as unknown as Message));
  on('command', ({ lastEventId: id, data }) => events.push({ id, data: JSON.parse(data) as CommandView }));
  on('closing', ({ data }) => (closing = data));
  return {
    events,
    closing: () => closing,
    states: () => events.map(({ data }) => data.state),
    isClosed: () => source.readyState === source.CLOSED,
    stop: () => source.close(),
  };
}
const lastEventId = (id = '') => ({ headers: { 'last-event-id': id } });

describe('GET /v1/commands/:commandId/stream', () => {
  it('sends the command, each change, and ends after the final state without being opened again', async () => {
    const command = await store();
    const source = follow(urlOf(command));
    await test.until(() => expect(source.states()).toEqual(['waiting_for_window']));
    expect(source.events[0]?.data).toEqual((await test.get(`/v1/commands/${command.commandId}`)).body);
    await change(command, { state: 'running' });
    await test.until(() => expect(source.states().at(-1)).toBe('running'));
    await test.db.insert(tables.riders).values(riderRow(command.riderId));
    await change(command, { state: 'done' });
    await test.until(() => expect(source.isClosed()).toBe(true));
    expect(source.states()).toEqual(['waiting_for_window', 'running', 'done']);
    expect(source.events.at(-1)).toMatchObject({
      data: { rider: `/v1/riders/${command.riderId}`, finishedAt: expect.any(String) },
    });
    const again = await fetch(urlOf(command), lastEventId(source.events.at(-1)?.id));
    expect(again.status).toBe(204);
  });

  it('repeats nothing to a client that reconnects at another process, and sends what it has missed', async () => {
    const command = await store();
    const source = follow(urlOf(command));
    await test.until(() => expect(source.events).toHaveLength(1));
    source.stop();
    const { url } = await test.startAnother();
    const again = await watch(urlOf(command, url), { 'last-event-id': source.events[0]?.id ?? '' });
    await change(command, { state: 'running' });
    await test.until(() => expect(again.events.map(({ data }) => data.state)).toEqual(['running']));
    again.stop();
    await change(command, { state: 'failed', reason: 'no such rider' });
    const last = await watch(urlOf(command), { 'last-event-id': again.lastIdText() });
    await last.ended;
    expect(last.events.map(({ data }) => data.state)).toEqual(['failed']);
  });

  it('notices the end of a command whose change got lost, and says that it was cancelled', async () => {
    const command = await store();
    const source = follow(urlOf(command));
    await test.until(() => expect(source.events).toHaveLength(1));
    await change(command, { state: 'failed', reason: 'Cancelled', cancelled: true }, false);
    await test.until(() => expect(source.isClosed()).toBe(true));
    expect(source.states()).toEqual(['waiting_for_window', 'cancelled']);
  });

  it('closes when the process ends, and resumes elsewhere', async () => {
    const ending = await test.startAnother();
    const command = await store();
    const source = follow(urlOf(command, ending.url));
    await test.until(() => expect(source.events).toHaveLength(1));
    await ending.stop();
    await test.until(() => expect(source.closing()).toBe('{"reason":"shutting_down"}'));
    source.stop();
  });

  it('returns 404 for an unknown command, and answers HEAD without a stream', async () => {
    expect((await test.get(`/v1/commands/${crypto.randomUUID()}/stream`)).status).toBe(404);
    const { commandId } = await store();
    const head = await fetch(`${test.api.url}/v1/commands/${commandId}/stream`, { method: 'HEAD' });
    expect(head.status).toBe(200);
  });

  it('sends heartbeats while the database does not answer', async () => {
    const { commandId } = await store();
    const first = await findCommand(test.db, commandId);
    assert(first);
    const options = {
      first,
      watches: { onChange: () => () => {} },
      find: () => new Promise<never>(() => {}),
      view: (row: CommandRow) => commandView(row, undefined),
      after: 'any',
      machine: thisMachine,
      stopping: new AbortController().signal,
      heartbeatMs: 20,
    };
    const disconnecting = new AbortController();
    const reader = commandReader(options, disconnecting.signal);
    for (let count = 0; count < 2; count += 1)
      expect(await reader.next(performance.now())).toEqual({ text: sseHeartbeat('any') });
    disconnecting.abort();
    expect(await reader.next(performance.now())).toEqual({ text: '' });
  });
});
