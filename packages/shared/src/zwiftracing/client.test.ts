import type { BudgetName } from '../definition/index.ts';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClock } from '../clock/index.ts';
import type { Outcome } from '../contracts/index.ts';
import { type Permit, PermitSpent } from '../limiter/index.ts';
import { eventually } from '../testing/index.ts';
import { createZwiftRacing, UpstreamError, type ZwiftRacing, type ZwiftRacingSettings } from './index.ts';
import { safeLookup } from '../upstreams/exchange.ts';
import { loadUpstreams } from '../upstreams/load.ts';
import { eventJson, resultsJson, riderJson, signupsJson, tooManyRequests } from './testing/fixtures.ts';

const { zwiftracing: definition } = loadUpstreams({});
const apiKey = 'raw-key-4711';
const paths = {
  events: '/public/events/upcoming',
  signups: '/public/event_signups/:id',
};

let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let requests: Array<{ line: string; authorization: string | undefined; body: string }>;
let userAgent: string | undefined;
let baseUrl: string;
let stop: () => void;

beforeEach(async () => {
  requests = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const line = `${request.method} ${request.url}`;
    userAgent = request.headers['user-agent'];
    requests.push({ line, authorization: request.headers.authorization, body });
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
});

afterEach(() => stop());

const respondWith = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  answer = (_, response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
};

const upstream = (settings: Partial<ZwiftRacingSettings> = {}): ZwiftRacing =>
  createZwiftRacing({ definition, baseUrl, apiKey, paths, clock: createClock(), ...settings });

/** Runs so fast that a timeout takes 30 ms, without the extra time for real machines. */
const fastClock = { ...createClock({ scale: 1_000, anchor: Date.now() }), toProjectMs: () => 0 };

interface RecordingPermit<E extends BudgetName> {
  readonly permit: Permit<E>;
  readonly steps: string[];
  outcome?: Outcome;
}

/** A permit that records what was done with it, without a limiter. */
function permitFor<E extends BudgetName>(endpoint: E): RecordingPermit<E> {
  const steps: string[] = [];
  const watched: { steps: string[]; outcome?: Outcome } = { steps };
  const permit = {
    id: 'p1',
    endpoint,
    use: () => void steps.push('used'),
    settle(outcome: Outcome) {
      if (watched.outcome) return;
      steps.push(outcome.result);
      watched.outcome = outcome;
    },
  };
  return Object.assign(watched, { permit: permit as unknown as Permit<E> });
}

const failureOf = async (call: Promise<unknown>): Promise<UpstreamError> => {
  const error = await call.then(
    () => new Error('the call did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  return error as UpstreamError;
};

describe('endpoint client', () => {
  it.each([
    [
      'a club from the start',
      'GET /api/public/clubs/20650',
      { clubId: 20650, name: 'C', riders: [riderJson] },
      (api: ZwiftRacing) => api.getClub(permitFor('clubs').permit, 20650),
      { riders: [{ rider: { riderId: 4500001 } }] },
    ],
    [
      'a club from a given rider',
      'GET /api/public/clubs/20650/7',
      { clubId: 20650, name: 'C', riders: [] },
      (api: ZwiftRacing) => api.getClub(permitFor('clubs').permit, 20650, 7),
      { length: 0 },
    ],
    [
      'one rider',
      'GET /api/public/riders/4500001',
      riderJson,
      (api: ZwiftRacing) => api.getRider(permitFor('riders_single').permit, 4500001),
      { rider: { name: 'A Rider [TAG]' }, raw: riderJson },
    ],
    [
      'the upcoming events',
      'GET /api/public/events/upcoming',
      [eventJson],
      (api: ZwiftRacing) => api.getUpcomingEvents(permitFor('events').permit),
      { events: [{ event: { eventId: '5230192' } }], skipped: [] },
    ],
    [
      'the signups of an event, with an escaped id',
      'GET /api/public/event_signups/..%2F%24%26',
      signupsJson,
      (api: ZwiftRacing) => api.getSignups(permitFor('signups').permit, '../$&'),
      { signups: [{ signup: { pen: 'A+' } }, { signup: { pen: 'B' } }] },
    ],
    [
      'results',
      'GET /api/public/results/5188741',
      resultsJson,
      (api: ZwiftRacing) => api.getResults(permitFor('results').permit, '5188741'),
      { eventId: '5188741' },
    ],
  ])('reads %s', async (_, line, body, call, expected) => {
    respondWith(200, body);
    expect(await call(upstream())).toMatchObject(expected);
    expect(requests).toEqual([{ line, authorization: apiKey, body: '' }]);
  });

  it('reads many riders, and returns the unknown ones as missing', async () => {
    respondWith(200, [{ riderId: 3, name: 'c' }, { riderId: 2 }, { riderId: 1, name: 'a' }]);
    const response = await upstream().getRiders(permitFor('riders_bulk').permit, [1, 2, 3, 4]);
    expect(requests[0]).toMatchObject({ line: 'POST /api/public/riders', body: '[1,2,3,4]' });
    expect(response.riders.map(({ rider }) => rider.name)).toEqual(['c', 'a']);
    expect(response.skipped).toMatchObject([{ id: '2' }]);
    expect(response.missing).toEqual([4]);
  });

  it.each(['null', '{"data":null}', '{"message":"Rider not found"}', '{"error":"Not found"}'])(
    'says that %s holds nothing of what was requested',
    async (body) => {
      const calls: Array<readonly [string, (from: ReturnType<typeof upstream>) => Promise<unknown>]> = [
        ['rider 5', (from) => from.getRider(permitFor('riders_single').permit, 5)],
        ['riders', (from) => from.getRiders(permitFor('riders_bulk').permit, [5])],
        ['club 7', (from) => from.getClub(permitFor('clubs').permit, 7)],
        ['events', (from) => from.getUpcomingEvents(permitFor('events').permit)],
        ['signups', (from) => from.getSignups(permitFor('signups').permit, '77')],
        ['results of event 77', (from) => from.getResults(permitFor('results').permit, '77')],
      ];
      for (const [what, call] of calls) {
        respondWith(200, body);
        const error = await failureOf(call(upstream()));
        expect(error).toMatchObject({ code: 'unexpected', status: 200, rawStart: body });
        expect(error.message).toMatch(new RegExp(`no ${what} in it$`));
      }
    },
  );

  it('rejects a response about another rider', async () => {
    respondWith(200, riderJson);
    const error = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(error).toMatchObject({ code: 'unexpected', message: expect.stringContaining('requested 5') });
  });
});

it('names product and version to upstream', async () => {
  respondWith(200, riderJson);
  await upstream().getRider(permitFor('riders_single').permit, riderJson.riderId);
  expect(userAgent).toMatch(/^Paceline\/\d+\.\d+\.\d+$/);
});

describe('permit', () => {
  it('is used before the call is sent, and settled before the body arrives', async () => {
    const watched = permitFor('riders_single');
    let finish = () => {};
    answer = (_, response) => {
      expect(watched.steps).toEqual(['used']);
      response.writeHead(200);
      response.write('{"riderId":');
      finish = () => response.end('5,"name":"five"}');
    };
    const reading = upstream().getRider(watched.permit, 5);
    await eventually(() => expect(watched.steps).toEqual(['used', 'answered']));
    finish();
    expect(await reading).toMatchObject({ rider: { name: 'five' } });
    expect(watched.outcome).toEqual({ result: 'answered', status: 200, durationMs: expect.any(Number) });
  });

  it('prevents the call when it is spent', async () => {
    const { permit } = permitFor('riders_single');
    const spent = Object.assign(permit, {
      use() {
        throw new PermitSpent('too late');
      },
    });
    await expect(upstream().getRider(spent, 5)).rejects.toThrow(PermitSpent);
    expect(requests).toEqual([]);
  });

  it('is settled with the limit that a successful response reports', async () => {
    respondWith(200, riderJson, {
      'RateLimit-Policy': '"default";q=3;w=120',
      RateLimit: '"default";r=2;t=60',
    });
    const watched = permitFor('riders_single');
    await upstream().getRider(watched.permit, riderJson.riderId);
    expect(watched.outcome).toEqual({
      result: 'answered',
      status: 200,
      durationMs: expect.any(Number),
      advertised: { limit: 3, windowMs: 120_000 },
    });
  });

  it.each([
    ['503', 503, 'down'],
    ['web page', 200, '<!DOCTYPE html><h1>Maintenance'],
  ])('is settled with the wait that a %s names', async (_, status, body) => {
    respondWith(status, body, { 'Retry-After': '120', 'Content-Type': 'text/html' });
    const watched = permitFor('clubs');
    const before = Date.now();
    const error = await failureOf(upstream().getClub(watched.permit, 1));
    expect(watched.outcome).toMatchObject({ result: 'answered', status, retryAfterMs: 120_000 });
    expect(error.retryAt).toBeGreaterThanOrEqual(before + 120_000);
    expect(error.message).toContain(`no call before ${new Date(error.retryAt ?? 0).toISOString()}`);
  });

  it('is settled with the limit and wait that a 429 reports', async () => {
    respondWith(429, tooManyRequests);
    const watched = permitFor('clubs');
    const error = await failureOf(upstream().getClub(watched.permit, 1));
    const learned = { limit: 1, windowMs: 600_000 };
    expect(watched.outcome).toMatchObject({
      result: 'answered',
      status: 429,
      retryAfterMs: 597_000,
      learned,
    });
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryAt: expect.any(Number) });
  });
});

describe('failed call', () => {
  it.each([
    [401, 'Unauthorized', 'unauthorized'],
    [403, '{}', 'unauthorized'],
    [404, '{"error":"Not found"}', 'not_found'],
    [400, '{}', 'rejected'],
    [301, '', 'rejected'],
    [500, '<h1>oops</h1>', 'unavailable'],
    [503, '', 'unavailable'],
    [403, '<title>Just a moment...</title>', 'web_page'],
    [200, '<!DOCTYPE html><h1>Starting', 'web_page'],
    [200, 'null', 'unexpected'],
    [200, '{"data":null}', 'unexpected'],
    [200, '{"message":"Rider not found"}', 'unexpected'],
    [200, '{"riderId": 5, "na', 'unreadable'],
    [200, '{"riderId":"five"}', 'unexpected'],
    [204, '', 'unreadable'],
  ])('with %i %s is %s, with the start of the response', async (status, body, code) => {
    respondWith(status, body);
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream().getRider(watched.permit, 5));
    expect(error).toMatchObject({ code, status, rawStart: body });
    expect(watched.outcome).toMatchObject({ result: 'answered', status });
  });

  it('does not follow a redirect, which would be a second call', async () => {
    respondWith(302, '', { Location: '/elsewhere' });
    await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['before the headers', false],
    ['within the body', true],
  ])('is unreachable after a reset %s', async (_, withHeaders) => {
    answer = (request, response) => {
      if (withHeaders) response.writeHead(200).write('{"riderId"', () => request.socket.resetAndDestroy());
      else request.socket.resetAndDestroy();
    };
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream().getRider(watched.permit, 5));
    expect(error).toMatchObject({ code: 'unreachable', status: undefined });
    expect(watched.outcome?.result).toBe(withHeaders ? 'answered' : 'unanswered');
  });

  it('is not repeated after a 421', async () => {
    respondWith(421, {});
    const watched = permitFor('riders_bulk');
    await failureOf(upstream().getRiders(watched.permit, [4_500_001]));
    expect(requests).toHaveLength(1);
    expect(watched.steps).toEqual(['used', 'answered']);
  });

  it.each([200, 429])('with status %i is read when it is compressed', async (status) => {
    const body = status === 200 ? { ...riderJson, riderId: 5 } : { error: 'slow down', retryAfter: 60 };
    answer = (request, response) => {
      expect(request.headers['accept-encoding']).toContain('gzip');
      response.writeHead(status, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(body)));
    };
    const watched = permitFor('riders_single');
    const calling = upstream().getRider(watched.permit, 5);
    if (status === 200) expect(await calling).toMatchObject({ rider: { riderId: 5 } });
    else await failureOf(calling);
    expect(watched.outcome).toMatchObject({ status, ...(status === 429 && { retryAfterMs: 60_000 }) });
  });

  it('is unreachable with the reason when the connection is refused', async () => {
    stop();
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream().getRider(watched.permit, 5));
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
    expect(watched.outcome?.result).toBe('unanswered');
  });

  it.each([
    ['the headers', false],
    ['the body', true],
  ])('times out while waiting for %s', async (_, withHeaders) => {
    answer = (__, response) => {
      if (withHeaders) response.writeHead(200).write('{"riderId"');
    };
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream({ clock: fastClock }).getRider(watched.permit, 5));
    expect(error).toMatchObject({ code: 'timed_out', message: 'ZwiftRacing did not answer within 30 s' });
    if (!withHeaders) expect(watched.outcome?.result).toBe('unanswered');
  });

  it('has a longer timeout for slow endpoints', async () => {
    answer = () => {};
    const error = await failureOf(upstream({ clock: fastClock }).getClub(permitFor('clubs').permit, 1));
    expect(error.message).toBe('ZwiftRacing did not answer within 180 s');
  });

  it('rejects with the abort reason when aborted', async () => {
    const stopping = new AbortController();
    answer = () => stopping.abort(new Error('shutting down'));
    const watched = permitFor('riders_single');
    await expect(upstream({ signal: stopping.signal }).getRider(watched.permit, 5)).rejects.toThrow(
      'shutting down',
    );
    expect(watched.outcome?.result).toBe('unanswered');
  });
});

describe('API key', () => {
  it.each(['@evil.test/x', '.evil.test/x', '5/x'])(
    'is not sent to another host through the path %s',
    async (path) => {
      const watched = permitFor('events');
      const api = upstream({ baseUrl: new URL(baseUrl).origin, paths: { ...paths, events: path } });
      await expect(api.getUpcomingEvents(watched.permit)).rejects.toThrow(/another host|Invalid URL/);
      expect([requests, watched.steps]).toEqual([[], []]);
    },
  );

  it('is not sent when the host resolves to a link-local address', async () => {
    const found = (host: string) =>
      new Promise((resolve, reject) => {
        safeLookup(host, { all: true }, (error, address) => (error ? reject(error) : resolve(address)));
      });
    await expect(found('169.254.169.254')).rejects.toThrow('169.254.169.254 resolves to 169.254.169.254');
    await expect(found('::ffff:169.254.169.254')).rejects.toThrow('resolves to');
    expect(await found('127.0.0.1')).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('is in no error, even when the response repeats it', async () => {
    respondWith(400, `${'x'.repeat(290)}your key ${apiKey} is odd`);
    const error = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(error.rawStart).toHaveLength(300);
    respondWith(200, `bad ${apiKey}`);
    const unreadable = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(unreadable.rawStart).toBe('bad ***');
    expect(JSON.stringify([error, unreadable, error.message, unreadable.message])).not.toContain('raw-key');
  });

  it('is rejected without being quoted when it cannot be sent', () => {
    const create = () => upstream({ apiKey: 'hush\nhush' });
    expect(create).toThrow('ZWIFTRACING_API_KEY');
    expect(create).not.toThrow(/hush/);
  });
});
