import { describe, expect, it } from 'vitest';
import { banner, describeRun } from './console.ts';
import type { Stack } from './stack.ts';

const counts = { planned: 7, synced: 4, failed: 0, deferred: 3, stored: 63 };
const run = { slotId: null, mode: 'on', state: 'done', counts, error: null } as const;

describe('the banner', () => {
  const stack = {
    apiUrl: 'http://127.0.0.1:3000',
    apiUrls: ['http://127.0.0.1:3000'],
    sandboxUrl: undefined,
    otherSandboxes: [],
    upstreams: ['weather'],
    broker: { shownUrl: 'nats://127.0.0.1:4222' },
    clock: { scale: 1 },
    databaseUrl: 'postgres://127.0.0.1:5432/paceline',
    processes: new Map(),
  } as unknown as Stack;
  const lineWith = (word: string, hasToken: boolean, apiUrl = stack.apiUrl) =>
    banner({ ...stack, apiUrl }, 'logs', hasToken)
      .split('\n')
      .find((line) => line.includes(word));

  it('has a curl with the API token when the API requires one', () => {
    expect(lineWith('curl', true)).toContain('/v1/riders -H "authorization: Bearer $API_TOKEN" -H');
    expect(lineWith('curl', false)).toContain("/v1/riders -H 'content-type");
  });

  it('says where programs may call an upstream', () => {
    expect(lineWith('Programs', false)).toContain(' http://127.0.0.1:3000/upstream/weather/… ');
  });

  it('has a command for a terminal that reaches this API', () => {
    expect(lineWith('Terminal', false)).toMatch(/ {2}npm run paceline -- status$/);
    expect(lineWith('Terminal', true, 'http://127.0.0.1:3300')).toMatch(
      / {2}PACELINE_URL=http:\/\/127\.0\.0\.1:3300 PACELINE_TOKEN=\$API_TOKEN npm run paceline -- status$/,
    );
  });
});

describe('describeRun', () => {
  it('counts what was fetched, stored and deferred', () => {
    expect(describeRun({ ...run, kind: 'far' })).toBe(
      'far sync done: 4 far events with 63 signups, 3 deferred to the next slot',
    );
    const one = { ...counts, synced: 1, stored: 1, deferred: 0 };
    expect(describeRun({ ...run, kind: 'rider', counts: one })).toBe('rider sync done: 1 club with 1 rider');
    expect(describeRun({ ...run, kind: 'near', counts: one })).toBe(
      'near sync done: 1 near event with 1 signup',
    );
  });

  it('says when every item was deferred', () => {
    const none = { ...counts, synced: 0, deferred: 7, stored: 0 };
    expect(describeRun({ ...run, kind: 'far', counts: none })).toBe(
      'far sync done: nothing synced, 7 deferred to the next slot',
    );
  });

  it('names the items that could not be read', () => {
    const some = { ...counts, synced: 1, deferred: 0, stored: 73 };
    const unreadable = { count: 6, ids: ['4500012', '4500025'] };
    expect(describeRun({ ...run, kind: 'rider', counts: some, unreadable })).toBe(
      'rider sync done: 1 club with 73 riders, 6 unreadable: 4500012, 4500025, …',
    );
  });

  it('says what failed in a run that partly failed', () => {
    const one = { ...counts, synced: 1, stored: 5, deferred: 0 };
    const partly = { ...run, kind: 'far', state: 'partly_failed' } as const;
    const list = 'event list: ZwiftRacing answered 503: server error';
    expect(describeRun({ ...partly, counts: one, error: list })).toBe(
      `far sync partly failed: 1 far event with 5 signups, ${list}`,
    );
    const event = 'event 7: ZwiftRacing answered 404: not found';
    expect(describeRun({ ...partly, counts: { ...one, failed: 1 }, error: `${list}; ${event}` })).toBe(
      `far sync partly failed: 1 far event with 5 signups, 1 failed (${list}; ${event})`,
    );
  });

  it('counts the calls that an observed run would make', () => {
    expect(describeRun({ ...run, kind: 'results', mode: 'observed' })).toBe(
      'results sync observed only: would make 4 of 7 planned calls',
    );
  });
});
