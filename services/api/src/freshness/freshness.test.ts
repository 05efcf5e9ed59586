import { catalog, type FreshnessReport } from '@paceline/shared/contracts';
import { respond } from '@paceline/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../testing/api.ts';
import { someTime } from '../testing/rows.ts';

const minute = 60_000;
let test: TestApi;

beforeAll(async () => {
  test = await startTestApi();
});
afterAll(() => test?.stop());

const urgent = {
  class: 'urgent',
  goalMs: 15 * minute,
  events: 3,
  ours: 1,
  within: 2,
  oursWithin: 1,
  lastDay: 0.75,
  oursLastDay: null,
} as const;
const event = {
  eventId: '7',
  title: 'A race',
  startsAt: someTime + 20 * minute,
  class: 'near',
  ours: true,
  copiedAt: someTime - minute,
  withinGoal: true,
  because: 'soon_older_than_goal',
  plannedAt: someTime + 5 * minute,
  freshUntil: someTime + 20 * minute,
} as const;

describe('GET /v1/freshness', () => {
  it('returns 503 with Retry-After while event-sync does not answer', async () => {
    const { status, headers, body } = await test.get('/v1/freshness');
    expect([status, headers.get('retry-after'), body.detail]).toEqual([
      503,
      '5',
      'event-sync does not answer',
    ]);
  });

  it('returns 503 with the reason at once when event-sync cannot measure it', async () => {
    const bus = await test.busOf('event-sync');
    const failing = respond(bus, catalog.freshness, {}, (_, __, fail) => fail(new Error('out of paper')));
    await bus.connection.flush();
    const { status, body } = await test.get('/v1/freshness');
    expect([status, body.detail]).toEqual([503, 'event-sync could not handle the request: out of paper']);
    failing.unsubscribe();
    await bus.connection.flush();
  });

  it('returns the freshness of signups, and which are fetched next and why', async () => {
    const requested: number[] = [];
    const bus = await test.busOf('event-sync');
    respond(bus, catalog.freshness, {}, ({ next }, reply: (answer: FreshnessReport) => void) => {
      requested.push(next);
      reply({ at: someTime, classes: [urgent], next: [event] });
    });
    await bus.connection.flush();
    const { status, body } = await test.get('/v1/freshness?limit=7');
    const { goalMs: _, ...shown } = urgent;
    expect(status).toBe(200);
    // The alerts request freshness too.
    expect(requested).toContain(7);
    expect(body).toEqual({
      at: '2026-03-01T12:00:00.000Z',
      classes: [{ ...shown, goalSeconds: 900 }],
      nextCalls: [
        {
          eventId: '7',
          title: 'A race',
          startsAt: '2026-03-01T12:20:00.000Z',
          class: 'near',
          ours: true,
          signupsFetchedAt: '2026-03-01T11:59:00.000Z',
          signupsAgeSeconds: 60,
          withinGoal: true,
          reason: 'soon_older_than_goal',
          plannedAt: '2026-03-01T12:05:00.000Z',
          freshUntil: '2026-03-01T12:20:00.000Z',
        },
      ],
    });
  });

  it('rejects an invalid number', async () => {
    const { status, body } = await test.get('/v1/freshness?limit=many');
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: 'limit' }]);
  });
});
