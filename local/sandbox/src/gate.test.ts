import { once } from 'node:events';
import { connect } from 'node:net';
import { createVirtualClock } from '@paceline/shared/clock';
import { readLimits } from '@paceline/shared/upstreams/limits';
import { loadUpstreams } from '@paceline/shared/upstreams/load';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
import { waitForms } from './dialect.ts';
import { callerOf } from './testing/caller.ts';

const start = Date.UTC(2026, 0, 14, 19);
const minute = 60_000;
const often = { interval: 2, timeout: 60_000 };
const open: Sandbox[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((sandbox) => sandbox.close()));
});

async function sandboxWith(options: SandboxOptions = {}) {
  const clock = createVirtualClock(start);
  const sandbox = await startSandbox({ clock, latency: false, ...options });
  open.push(sandbox);
  return { clock, sandbox, call: callerOf(sandbox), last: () => sandbox.audit().at(-1) };
}

describe('the limit', () => {
  it('sends a 429 with the captured body and no rate limit headers until the window ends', async () => {
    const { clock, call, last } = await sandboxWith();
    await call('/public/clubs/20651');
    await clock.advance(3_000);
    const response = await call('/public/clubs/20651');
    expect(response.status).toBe(429);
    expect(await response.text()).toBe(
      '{"error":"Too many requests, please try again later.","retryAfter":"3597","windowMinutes":60,"limit":1}',
    );
    expect([...response.headers.keys()].filter((name) => /limit|retry/.test(name))).toEqual([]);
    expect(last()).toMatchObject({
      verdict: 'rejected',
      status: 429,
      policy: { limit: 1, windowMs: 60 * minute },
    });
    await clock.advance(60 * minute - 3_000);
    expect((await call('/public/clubs/20651')).status).toBe(200);
  });

  it('is sent in headers when they are enabled', async () => {
    const { call } = await sandboxWith({ headers: true });
    expect((await call('/public/riders/200000')).headers.get('RateLimit')).toBe('"default";r=4;t=60');
    for (let calls = 1; calls < 5; calls++) await call('/public/riders/200000');
    const rejected = await call('/public/riders/200000');
    expect(rejected.headers.get('Retry-After')).toBe('60');
    expect(rejected.headers.get('RateLimit-Policy')).toBe('"default";q=5;w=60');
  });

  it('is worded in the dialect that is set', async () => {
    const { clock, sandbox, call } = await sandboxWith();
    await call('/public/clubs/20651');
    await clock.advance(30 * minute);
    const now = clock.now();
    const { dialect } = loadUpstreams({}).zwiftracing;
    for (const retryAfter of waitForms) {
      sandbox.controls.speak({ retryAfter, advertises: '3000;w=900' });
      const response = await call('/public/clubs/20651');
      const read = readLimits(dialect, 429, response.headers, await response.text(), now);
      expect(read.advertised).toEqual({ limit: 3_000, windowMs: 15 * minute });
      if (retryAfter === 'none') expect(read.retryAfterMs).toBeUndefined();
      else if (retryAfter === 'absurd') expect(read.retryAfterMs).toBeGreaterThan(24 * 60 * minute);
      else expect(read.retryAfterMs).toBe(30 * minute);
    }
  });

  it('counts failed calls, but none without a valid key', async () => {
    const { sandbox, call } = await sandboxWith();
    await callerOf(sandbox, 'wrong')('/public/riders', [200_000]);
    expect((await call('/public/riders', 'no list')).status).toBe(400);
    expect((await call('/public/riders', [200_000])).status).toBe(429);
  });

  it('applies to each key separately, by its tier', async () => {
    const { sandbox } = await sandboxWith({ keys: { one: 'standard', two: 'premium' } });
    const statuses = async (key: string) => {
      const call = callerOf(sandbox, key);
      return [(await call('/public/clubs/20651')).status, (await call('/public/clubs/20651')).status];
    };
    expect(await statuses('one')).toEqual([200, 429]);
    expect(await statuses('two')).toEqual([200, 200]);
    expect(sandbox.judgement().map(({ calls, rejected }) => [calls, rejected])).toEqual([
      [2, 1],
      [2, 0],
    ]);
    expect(JSON.stringify(sandbox.audit())).not.toMatch(/"one"|"two"/);
  });
});

describe('an arrival', () => {
  it('comes after the jitter and before the latency', async () => {
    const { clock, sandbox, call } = await sandboxWith({ latency: true, jitter: { minMs: 100, maxMs: 200 } });
    const response = call('/public/clubs/20651');
    await vi.waitFor(async () => {
      await clock.advance(10);
      expect(sandbox.audit()).toHaveLength(1);
    }, often);
    const arrival = sandbox.audit()[0];
    expect(arrival?.arrivedAt).toBeGreaterThanOrEqual(start + 100);
    expect(arrival).not.toHaveProperty('answeredAt');
    await clock.advance(60_000);
    expect(sandbox.audit()[0]).not.toHaveProperty('answeredAt');
    await clock.advance(20_000);
    expect((await response).status).toBe(200);
    const answeredAt = sandbox.audit()[0]?.answeredAt ?? 0;
    expect(answeredAt - (arrival?.arrivedAt ?? 0)).toBeGreaterThan(60_000);
  });

  it('counts even when the caller aborts before it', async () => {
    const { clock, sandbox } = await sandboxWith({ jitter: { minMs: 1000, maxMs: 1000 } });
    const caller = connect(sandbox.port, '127.0.0.1');
    const request =
      'GET /api/public/clubs/20651 HTTP/1.1\r\nHost: sandbox\r\nAuthorization: sandbox-key\r\n\r\n';
    caller.write(request, () => caller.destroy());
    await once(caller, 'close');
    await vi.waitFor(async () => {
      await clock.advance(1000);
      expect(sandbox.judgement()).toMatchObject([{ budget: 'clubs', calls: 1 }]);
    }, often);
  });
});

describe('a fault', () => {
  it('"hang" counts the call and never responds', async () => {
    const { sandbox, call, last } = await sandboxWith();
    sandbox.controls.injectFault({ kind: 'hang', budget: 'clubs' });
    const caller = new AbortController();
    const response = call('/public/clubs/20651', undefined, { signal: caller.signal });
    await vi.waitFor(() => expect(last()).toMatchObject({ verdict: 'accepted', fault: 'hang' }), often);
    caller.abort();
    await expect(response).rejects.toThrow('aborted');
    expect(last()).not.toHaveProperty('status');
    expect((await call('/public/clubs/20651')).status).toBe(429);
  });

  it('"reset" counts the call and resets the connection', async () => {
    const { sandbox, call, last } = await sandboxWith();
    sandbox.controls.injectFault({ kind: 'reset', budget: 'signups' });
    await expect(call('/public/event_signups/1')).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(last()).toMatchObject({ verdict: 'accepted', fault: 'reset' });
    expect((await call('/public/event_signups/1')).status).toBe(429);
  });

  it('breaks only the given number of responses', async () => {
    const { sandbox, call, last } = await sandboxWith();
    sandbox.controls.injectFault({ kind: 'truncated', budget: 'riders_single' });
    sandbox.controls.injectFault({ kind: 'server-error', status: 502 });
    await expect((await call('/public/riders/200000')).json()).rejects.toThrow(SyntaxError);
    expect((await call('/public/riders/200000')).status).toBe(502);
    expect(last()).toMatchObject({ fault: 'server-error', status: 502 });
    expect(await (await call('/public/riders/200000')).json()).toHaveProperty('riderId', 200_000);
  });

  it('is not used up by a rejected call', async () => {
    const { sandbox, call } = await sandboxWith();
    await call('/public/events/upcoming');
    sandbox.controls.injectFault({ kind: 'html', status: 503, retryAfter: 120, times: 1 });
    sandbox.controls.speak({ retryAfter: 'seconds' });
    const down = await call('/public/riders/200000');
    expect([down.status, down.headers.get('Retry-After')]).toEqual([503, '120']);
    sandbox.controls.injectFault({ kind: 'html', budget: 'events' });
    expect((await call('/public/events/upcoming')).status).toBe(429);
    expect(sandbox.controls.pendingFaults()).toHaveLength(1);
  });

  it('"host-gone" returns 404 for every path and key', async () => {
    const { sandbox, call, last } = await sandboxWith();
    sandbox.controls.injectFault({ kind: 'host-gone', times: 3 });
    const responses = [
      await call('/public/clubs/20651'),
      await callerOf(sandbox, 'wrong')('/public/riders/200000'),
      await call('/anything'),
    ];
    for (const response of responses) {
      expect(response.status).toBe(404);
      expect(response.headers.get('Content-Type')).toContain('text/html');
    }
    expect(last()).toMatchObject({ verdict: 'host_gone' });
    expect((await call('/public/clubs/20651')).status).toBe(200);
  });

  it('"delay" adds to the latency', async () => {
    const { clock, sandbox, call, last } = await sandboxWith();
    sandbox.controls.injectFault({ kind: 'delay', ms: 5000 });
    const response = call('/public/riders/200000');
    await vi.waitFor(() => expect(last()).toMatchObject({ fault: 'delay' }), often);
    await clock.advance(4999);
    expect(last()).not.toHaveProperty('status');
    await clock.advance(1);
    expect((await response).status).toBe(200);
  });
});
