import type { Budget } from '../definition/index.ts';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, createClock } from '../clock/index.ts';
import type { Outcome } from '../contracts/index.ts';
import { type Permit, PermitSpent } from '../limiter/index.ts';
import { eventually } from '../testing/index.ts';
import { createZwiftRacing, UpstreamError, type ZwiftRacing } from './index.ts';
import { safeLookup } from './call.ts';
import { eventJson, resultsJson, riderJson, signupsJson, tooManyRequests } from './testing/fixtures.ts';

const apiKey = 'raw-key-4711';
const paths = {
  events: '/public/events/upcoming',
  event: '/public/events/:id',
  signups: '/public/event_signups/:id',
};

let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let asked: Array<{ line: string; authorization: string | undefined; body: string }>;
let baseUrl: string;
let stop: () => void;

beforeEach(async () => {
  asked = [];
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const line = `${request.method} ${request.url}`;
    asked.push({ line, authorization: request.headers.authorization, body });
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

const sends = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  answer = (_, response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
};

const upstream = (settings: { clock?: Clock; apiKey?: string; signal?: AbortSignal } = {}): ZwiftRacing =>
  createZwiftRacing({ baseUrl, apiKey, paths, clock: createClock(), ...settings });

/** Lives so fast that a time-out is over in 30 ms, and gives the machine no extra time for it. */
const hasty: Clock = { ...createClock({ scale: 1_000, anchor: Date.now() }), fromMachine: () => 0 };

interface Watched<E extends Budget> {
  readonly permit: Permit<E>;
  readonly story: string[];
  outcome?: Outcome;
}

/** A permit that only tells what was done with it: who grants permits is not asked here. */
function permitFor<E extends Budget>(endpoint: E): Watched<E> {
  const story: string[] = [];
  const watched: { story: string[]; outcome?: Outcome } = { story };
  const permit = {
    id: 'p1',
    endpoint,
    use: () => void story.push('used'),
    settle(outcome: Outcome) {
      if (watched.outcome) return;
      story.push(outcome.result);
      watched.outcome = outcome;
    },
  };
  return Object.assign(watched, { permit: permit as unknown as Permit<E> });
}

const failureOf = async (call: Promise<unknown>): Promise<UpstreamError> => {
  const error = await call.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  return error as UpstreamError;
};

describe('every endpoint', () => {
  it.each([
    [
      'a club from its start',
      'GET /api/public/clubs/20650',
      { clubId: 20650, name: 'C', riders: [riderJson] },
      (api: ZwiftRacing) => api.getClub(permitFor('clubs').permit, 20650),
      { riders: [{ rider: { riderId: 4500001 } }] },
    ],
    [
      'a club from a rider on',
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
      'one event',
      'GET /api/public/events/5230192',
      eventJson,
      (api: ZwiftRacing) => api.getEvent(permitFor('events').permit, '5230192'),
      { event: { listedSignups: 176 } },
    ],
    [
      'the signups of an event, whose id can not leave its place in the path',
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
    sends(200, body);
    expect(await call(upstream())).toMatchObject(expected);
    expect(asked).toEqual([{ line, authorization: apiKey, body: '' }]);
  });

  it('reads many riders, and says which of them upstream does not know', async () => {
    sends(200, [{ riderId: 3, name: 'c' }, { riderId: 2 }, { riderId: 1, name: 'a' }]);
    const answered = await upstream().getRiders(permitFor('riders_bulk').permit, [1, 2, 3, 4]);
    expect(asked[0]).toMatchObject({ line: 'POST /api/public/riders', body: '[1,2,3,4]' });
    expect(answered.riders.map(({ rider }) => rider.name)).toEqual(['c', 'a']);
    expect(answered.skipped).toMatchObject([{ id: '2' }]);
    expect(answered.missing).toEqual([4]);
  });

  it('takes no answer that is about somebody else', async () => {
    sends(200, riderJson);
    const error = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(error).toMatchObject({ code: 'unreadable', message: expect.stringContaining('asked for 5') });
  });
});

describe('a permit', () => {
  it('is used before the call leaves and settled before the body is there', async () => {
    const watched = permitFor('riders_single');
    let finish = () => {};
    answer = (_, response) => {
      expect(watched.story).toEqual(['used']);
      response.writeHead(200);
      response.write('{"riderId":');
      finish = () => response.end('5,"name":"five"}');
    };
    const reading = upstream().getRider(watched.permit, 5);
    await eventually(() => expect(watched.story).toEqual(['used', 'answered']));
    finish();
    expect(await reading).toMatchObject({ rider: { name: 'five' } });
    expect(watched.outcome).toEqual({ result: 'answered', status: 200, durationMs: expect.any(Number) });
  });

  it('that is spent keeps the call from leaving', async () => {
    const { permit } = permitFor('riders_single');
    const spent = Object.assign(permit, {
      use() {
        throw new PermitSpent('too late');
      },
    });
    await expect(upstream().getRider(spent, 5)).rejects.toThrow(PermitSpent);
    expect(asked).toEqual([]);
  });

  it('carries home the limit that an answer names, also one that was let in', async () => {
    sends(200, riderJson, { 'RateLimit-Policy': '"default";q=3;w=120', RateLimit: '"default";r=2;t=60' });
    const watched = permitFor('riders_single');
    await upstream().getRider(watched.permit, riderJson.riderId);
    expect(watched.outcome).toEqual({
      result: 'answered',
      status: 200,
      durationMs: expect.any(Number),
      learned: { limit: 3, windowMs: 120_000 },
    });
  });

  it('carries home what a 429 teaches', async () => {
    sends(429, tooManyRequests);
    const watched = permitFor('clubs');
    const error = await failureOf(upstream().getClub(watched.permit, 1));
    const learned = { limit: 1, windowMs: 600_000 };
    expect(watched.outcome).toMatchObject({
      result: 'answered',
      status: 429,
      retryAfterMs: 597_000,
      learned,
    });
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryAfterMs: 597_000 });
  });
});

describe('a call that fails', () => {
  it.each([
    [401, 'Unauthorized', 'unauthorized'],
    [403, '{}', 'unauthorized'],
    [404, '{"error":"Not found"}', 'not_found'],
    [400, '{}', 'rejected'],
    [301, '', 'rejected'],
    [500, '<h1>oops</h1>', 'unavailable'],
    [503, '', 'unavailable'],
    [200, '<!DOCTYPE html><h1>Starting', 'unreadable'],
    [200, 'null', 'unreadable'],
    [200, '{"riderId": 5, "na', 'unreadable'],
    [200, '{"riderId":"five"}', 'unreadable'],
    [204, '', 'unreadable'],
  ])('with %i %s is %s, with the start of the answer', async (status, body, code) => {
    sends(status, body);
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream().getRider(watched.permit, 5));
    expect(error).toMatchObject({ code, status, rawStart: body });
    expect(watched.outcome).toMatchObject({ result: 'answered', status });
  });

  it('because the address serves nothing says so', async () => {
    sends(404, '<html>Cannot GET</html>');
    const error = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(error.message).toContain('nothing is served at this address');
  });

  it('never follows a redirect: that would be a second call', async () => {
    sends(302, '', { Location: '/elsewhere' });
    await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['before its head', false],
    ['within its body', true],
  ])('by a reset %s is unreachable', async (_, head) => {
    answer = (request, response) => {
      if (head) response.writeHead(200).write('{"riderId"', () => request.socket.resetAndDestroy());
      else request.socket.resetAndDestroy();
    };
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream().getRider(watched.permit, 5));
    expect(error).toMatchObject({ code: 'unreachable', status: undefined });
    expect(watched.outcome?.result).toBe(head ? 'answered' : 'unanswered');
  });

  it('is not made again behind our back, as the standard wants it of a 421', async () => {
    sends(421, {});
    const watched = permitFor('riders_bulk');
    await failureOf(upstream().getRiders(watched.permit, [4_500_001]));
    expect(asked).toHaveLength(1);
    expect(watched.story).toEqual(['used', 'unanswered']);
  });

  it('because nobody listens is unreachable, and says why', async () => {
    stop();
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream().getRider(watched.permit, 5));
    expect(error).toMatchObject({ code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
    expect(watched.outcome?.result).toBe('unanswered');
  });

  it.each([
    ['its head', false],
    ['its body', true],
  ])('because %s does not come in time has timed out', async (_, head) => {
    answer = (__, response) => {
      if (head) response.writeHead(200).write('{"riderId"');
    };
    const watched = permitFor('riders_single');
    const error = await failureOf(upstream({ clock: hasty }).getRider(watched.permit, 5));
    expect(error).toMatchObject({ code: 'timed_out', message: 'Upstream took longer than 30 s' });
    if (!head) expect(watched.outcome?.result).toBe('unanswered');
  });

  it('is given longer where upstream is slow', async () => {
    answer = () => {};
    const error = await failureOf(upstream({ clock: hasty }).getClub(permitFor('clubs').permit, 1));
    expect(error.message).toBe('Upstream took longer than 180 s');
  });

  it('because it was given up says what made it be given up', async () => {
    const stopping = new AbortController();
    answer = () => stopping.abort(new Error('shutting down'));
    const watched = permitFor('riders_single');
    await expect(upstream({ signal: stopping.signal }).getRider(watched.permit, 5)).rejects.toThrow(
      'shutting down',
    );
    expect(watched.outcome?.result).toBe('unanswered');
  });
});

describe('the key', () => {
  it.each(['@evil.test/x', '.evil.test/x', '5/x'])(
    'goes to no other host, also by the path %s',
    async (path) => {
      const watched = permitFor('events');
      const lost = createZwiftRacing({
        baseUrl: new URL(baseUrl).origin,
        apiKey,
        paths: { ...paths, events: path },
        clock: createClock(),
      });
      await expect(lost.getUpcomingEvents(watched.permit)).rejects.toThrow(/another host|Invalid URL/);
      expect([asked, watched.story]).toEqual([[], []]);
    },
  );

  it('goes nowhere when the name of upstream leads to a link-local address', async () => {
    const found = (host: string) =>
      new Promise((resolve, reject) => {
        safeLookup(host, { all: true }, (error, address) => (error ? reject(error) : resolve(address)));
      });
    await expect(found('169.254.169.254')).rejects.toThrow('169.254.169.254 leads to 169.254.169.254');
    await expect(found('::ffff:169.254.169.254')).rejects.toThrow('leads to');
    expect(await found('127.0.0.1')).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('is in no error, even when upstream repeats it', async () => {
    sends(400, `${'x'.repeat(290)}your key ${apiKey} is odd`);
    const error = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(error.rawStart).toHaveLength(300);
    sends(200, `bad ${apiKey}`);
    const unreadable = await failureOf(upstream().getRider(permitFor('riders_single').permit, 5));
    expect(unreadable.rawStart).toBe('bad ***');
    expect(JSON.stringify([error, unreadable, error.message, unreadable.message])).not.toContain('raw-key');
  });

  it('that can not be sent is refused at once, without quoting it', () => {
    const create = () => upstream({ apiKey: 'hush\nhush' });
    expect(create).toThrow('ZWIFTRACING_API_KEY');
    expect(create).not.toThrow(/hush/);
  });
});
