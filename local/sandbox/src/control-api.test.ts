import { createVirtualClock } from '@paceline/shared/clock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { startSandbox } from './sandbox.ts';
import { callerOf, control } from './testing/caller.ts';

const start = Date.UTC(2026, 0, 14, 19);
const clock = createVirtualClock(start);
const sandbox = await startSandbox({ clock, latency: false });
afterAll(() => sandbox.close());
const call = callerOf(sandbox);
const read = async (path: string) => (await (await fetch(`${sandbox.controlUrl}${path}`)).json()) as unknown;

beforeEach(() => clock.advance(3_600_000));

describe('the control endpoints', () => {
  it('return the audit after a sequence number, or for one budget', async () => {
    await call('/public/clubs/20651');
    await call('/public/riders/200000');
    await call('/public/riders/200001');
    const seq = sandbox.audit().length;
    expect(await read(`/audit?since=${seq - 2}`)).toMatchObject({ arrivals: [{ seq: seq - 1 }, { seq }] });
    expect(await read(`/audit?since=${seq - 3}&budget=clubs`)).toMatchObject({
      arrivals: [{ seq: seq - 2 }],
    });
    expect(await read('/audit?budget=nothing')).toHaveProperty('error');
  });

  it('return the current judgement', async () => {
    await call('/public/clubs/20651');
    expect(await read('/judgement')).toEqual({ judgements: sandbox.judgement() });
  });

  it('override a policy and restore it', async () => {
    const policy = { limit: 1, windowMs: 600_000 };
    expect(await (await control(sandbox, '/policies', { riders_single: policy })).json()).toEqual({
      overrides: { riders_single: policy },
    });
    await call('/public/riders/200000');
    expect(await (await call('/public/riders/200000')).json()).toMatchObject({ windowMinutes: 10, limit: 1 });
    await control(sandbox, '/policies', { riders_single: null });
    expect((await call('/public/riders/200000')).status).toBe(200);
  });

  it('reset the counts on a restart', async () => {
    await call('/public/clubs/20651');
    expect((await call('/public/clubs/20651')).status).toBe(429);
    await control(sandbox, '/restart');
    expect((await call('/public/clubs/20651')).status).toBe(200);
  });

  it('change the enforcement', async () => {
    await control(sandbox, '/enforcement', { enforcement: 'sliding-counting-rejects' });
    await call('/public/events/upcoming');
    await clock.advance(59_000);
    expect((await call('/public/events/upcoming')).status).toBe(429);
    await clock.advance(59_000);
    expect((await call('/public/events/upcoming')).status).toBe(429);
    await control(sandbox, '/enforcement', { enforcement: 'first-hit' });
  });

  it('add, list and clear faults', async () => {
    await control(sandbox, '/faults', { kind: 'null-body', budget: 'clubs', times: 2 });
    expect(await (await call('/public/clubs/20651')).text()).toBe('null');
    expect(await read('/faults')).toMatchObject({ faults: [{ kind: 'null-body', times: 1 }] });
    await control(sandbox, '/faults', {}, 'DELETE');
    expect(await read('/faults')).toEqual({ faults: [] });
  });

  it('change the jitter', async () => {
    await control(sandbox, '/jitter', { minMs: 1, maxMs: 2 });
    expect(sandbox.controls.jitter()).toEqual({ minMs: 1, maxMs: 2 });
    await control(sandbox, '/jitter', { minMs: 0, maxMs: 0 });
  });

  it('describe the data', async () => {
    expect(await read('/world')).toMatchObject({
      now: clock.now(),
      clubs: [
        { id: 20650, size: 120 },
        { id: 20651, size: 60 },
        { id: 20652, size: 1300 },
      ],
      riderIds: { first: 100_000, strangersFrom: 4_000_000, last: 5_999_999 },
      upcoming: {
        withinHour: expect.any(Number),
        within48Hours: expect.any(Number),
        total: expect.any(Number),
      },
    });
  });

  it.each([
    ['/faults', { kind: 'earthquake' }],
    ['/policies', { clubs: { limit: 0, windowMs: 1 } }],
    ['/enforcement', { enforcement: 'lenient' }],
    ['/jitter', { minMs: 5, maxMs: 1 }],
  ])('reject an invalid body for %s with a reason', async (path, body) => {
    const response = await control(sandbox, path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining('✖') });
  });

  it('are not part of the audit, nor is the liveness probe', async () => {
    const before = sandbox.audit().length;
    expect(await (await fetch(new URL('/livez', sandbox.url))).text()).toBe('ok');
    await read('/world');
    expect(sandbox.audit()).toHaveLength(before);
  });
});
