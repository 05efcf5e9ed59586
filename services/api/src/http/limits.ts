import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { HttpBindings } from '@hono/node-server';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from './problem.ts';
import { limitFields } from './rate-limit.ts';

/** What one client can choose its addresses from: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/** Where a request comes from. Behind a proxy all come from there. */
export const placeOf = (c: Context): string => networkOf(getConnInfo(c).remote.address ?? 'unknown');

export const clientOf = (c: Context, caller = c.get('caller')): string =>
  `${caller ?? 'anybody'} ${placeOf(c)}`;

/** Real seconds over which requests are counted: a page that loads may ask for much at once. */
const windowSeconds = 10;
/** A hundred viewers behind one address, with a few tabs each. */
const usualStreams = 500;
/** A minute's typing errors of a team, and far too few to guess a token. */
const mostWrongTokens = 30;

/** What one client may do within a while, counted in the memory of each process. Throw `Problem`. */
export function clientLimits(perSecond: number, mostStreams = usualStreams) {
  const requests = new RateLimiterMemory({ points: perSecond * windowSeconds, duration: windowSeconds });
  const wrongTokens = new RateLimiterMemory({ points: mostWrongTokens, duration: 60 });
  const streams = new Map<string, number>();

  return {
    async request(c: Context): Promise<void> {
      await requests.consume(clientOf(c)).catch((spent: unknown) => {
        if (!(spent instanceof RateLimiterRes)) throw spent;
        throw tooMany('requests', requests, spent, `A client may ask ${perSecond} times a second`);
      });
    },

    stream(c: Context<{ Bindings: HttpBindings }>): void {
      const client = clientOf(c);
      const open = streams.get(client) ?? 0;
      if (open >= mostStreams) {
        const headers = { 'retry-after': String(windowSeconds) };
        throw new Problem('too-many', `A client may have ${mostStreams} streams open`, { headers });
      }
      streams.set(client, open + 1);
      c.env.outgoing.once('close', () => {
        const left = (streams.get(client) ?? 1) - 1;
        if (left === 0) streams.delete(client);
        else streams.set(client, left);
      });
    },

    async wrongToken(c: Context): Promise<void> {
      await wrongTokens.consume(placeOf(c)).catch(() => undefined);
    },

    /** Refuses tokens after too many wrong ones from there, unless this one was right a moment ago. */
    async guess(c: Context, caller: string): Promise<void> {
      const wrong = await wrongTokens.get(placeOf(c));
      if (!wrong || wrong.consumedPoints < mostWrongTokens) return;
      if (await requests.get(clientOf(c, caller))) return;
      throw tooMany('wrong_tokens', wrongTokens, wrong, 'Too many wrong tokens have come from this address');
    },
  };
}

export type ClientLimits = ReturnType<typeof clientLimits>;

function tooMany(name: string, limit: RateLimiterMemory, spent: RateLimiterRes, detail: string): Problem {
  const reset = Math.max(1, Math.ceil(spent.msBeforeNext / 1_000));
  const fields = limitFields(name, { quota: limit.points, window: limit.duration, remaining: 0, reset });
  return new Problem('too-many', detail, { headers: { 'retry-after': String(reset), ...fields } });
}

/** Real ms: longer than the longest `Prefer: wait`. */
export const longestAnswerMs = 40_000;

/** Answers 503 when a request takes longer than it ever should; what it does goes on unheard. */
export const timeLimit =
  (ms: number): MiddlewareHandler =>
  async (_, next) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const detail = 'The answer takes too long';
      timer = setTimeout(
        () => reject(new Problem('unavailable', detail, { headers: { 'retry-after': '5' } })),
        ms,
      );
    });
    try {
      await Promise.race([next(), late]);
    } finally {
      clearTimeout(timer);
    }
  };

export const limitBody = (maxSize: number): MiddlewareHandler =>
  bodyLimit({
    maxSize,
    onError: () => {
      // The rest of the body is not read, so nothing else can come on this connection.
      throw new Problem('too-large', `A body may have ${maxSize} bytes`, {
        headers: { connection: 'close' },
      });
    },
  });
