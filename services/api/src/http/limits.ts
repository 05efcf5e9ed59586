import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { HttpBindings } from '@hono/node-server';
import { count } from '@paceline/shared/words';
import ipaddr from 'ipaddr.js';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from './problem.ts';
import { limitFields } from './rate-limit.ts';

/** The addresses that one client can choose from: its IPv4 address, or the first 64 bits of its IPv6 address. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}

/** The network that a request comes from. Behind a proxy it is the proxy's. */
export const clientNetwork = (c: Context): string => networkOf(getConnInfo(c).remote.address ?? 'unknown');

export const clientOf = (c: Context, caller = c.get('caller')): string =>
  `${caller ?? 'anonymous'} ${clientNetwork(c)}`;

/** Real seconds over which requests are counted: a page that loads sends many at once. */
const windowSeconds = 10;
/** Enough for a hundred people behind one address, with a few tabs each. */
const defaultMaxStreams = 500;
/** Per minute: enough for a team's typing errors, far too few to guess a token. */
const maxWrongTokens = 30;

/** Limits per client, counted in the memory of each process. The functions throw `Problem` when exceeded. */
export function clientLimits(perSecond: number, maxStreams = defaultMaxStreams) {
  const requests = new RateLimiterMemory({ points: perSecond * windowSeconds, duration: windowSeconds });
  const wrongTokens = new RateLimiterMemory({ points: maxWrongTokens, duration: 60 });
  const streams = new Map<string, number>();

  return {
    async request(c: Context): Promise<void> {
      await requests.consume(clientOf(c)).catch((consumed: unknown) => {
        if (!(consumed instanceof RateLimiterRes)) throw consumed;
        throw tooMany(
          'requests',
          requests,
          consumed,
          `Limit: ${count(perSecond, 'request')} per second per client`,
        );
      });
    },

    stream(c: Context<{ Bindings: HttpBindings }>): void {
      const client = clientOf(c);
      const open = streams.get(client) ?? 0;
      if (open >= maxStreams) {
        const headers = { 'retry-after': String(windowSeconds) };
        throw new Problem('too-many', `Limit: ${maxStreams} open streams per client`, { headers });
      }
      streams.set(client, open + 1);
      c.env.outgoing.once('close', () => {
        const remaining = (streams.get(client) ?? 1) - 1;
        if (remaining === 0) streams.delete(client);
        else streams.set(client, remaining);
      });
    },

    async wrongToken(c: Context): Promise<void> {
      await wrongTokens.consume(clientNetwork(c)).catch(() => undefined);
    },

    /** Rejects all tokens after too many wrong ones from the same network, except one that was just accepted. */
    async checkGuesses(c: Context, caller: string): Promise<void> {
      const wrong = await wrongTokens.get(clientNetwork(c));
      if (!wrong || wrong.consumedPoints < maxWrongTokens) return;
      if (await requests.get(clientOf(c, caller))) return;
      throw tooMany('wrong_tokens', wrongTokens, wrong, 'Too many wrong tokens from this address');
    },
  };
}

export type ClientLimits = ReturnType<typeof clientLimits>;

function tooMany(name: string, limit: RateLimiterMemory, state: RateLimiterRes, detail: string): Problem {
  const reset = Math.max(1, Math.ceil(state.msBeforeNext / 1_000));
  const fields = limitFields({ name, quota: limit.points, window: limit.duration, remaining: 0, reset });
  return new Problem('too-many', detail, { headers: { 'retry-after': String(reset), ...fields } });
}

/** Real ms: longer than the longest `Prefer: wait`. */
export const maxResponseMs = 40_000;

/** Responds 503 when a request takes longer than `ms`. The request's work continues and its result is ignored. */
export const timeLimit =
  (ms: number): MiddlewareHandler =>
  async (_, next) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const detail = 'The request took too long';
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

/** RFC 9112: a request without either header has no body. */
export const hasBody = ({ req }: Context): boolean =>
  req.header('transfer-encoding') !== undefined || Number(req.header('content-length') ?? 0) > 0;

export function limitBody(maxSize: number): MiddlewareHandler {
  const limit = bodyLimit({
    maxSize,
    onError: () => {
      // The rest of the body stays unread, so the connection can't be used again.
      throw new Problem('too-large', `A body can have up to ${maxSize} bytes`, {
        headers: { connection: 'close' },
      });
    },
  });
  // Hono builds the whole request to look for a body.
  return (c, next) => (hasBody(c) ? limit(c, next) : next());
}
