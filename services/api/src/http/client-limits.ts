import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type Item, serializeList } from 'structured-headers';
import { clientOf, placeOf } from './client.ts';
import { Problem } from './problem.ts';

/** Real seconds over which requests are counted: a page that loads may ask for much at once. */
const windowSeconds = 10;
/** A hundred viewers behind one address, with a few tabs each. */
const usualStreams = 500;
/** A minute's typing errors of a team, and far too few to guess a token. */
const mostWrongTokens = 30;

/** What one client may do within a while. It is counted in the memory of each process. */
export interface ClientLimits {
  /** Counts a request. @throws {Problem} when its client asks more often than is allowed */
  request(c: Context): Promise<void>;
  /** Counts a stream until it ends. @throws {Problem} when its client has too many open */
  stream(c: Context<{ Bindings: HttpBindings }>): void;
  /** Counts a token that was wrong, by where it came from. */
  wrongToken(c: Context): Promise<void>;
  /**
   * Whoever was let in with its token a moment ago goes on, whatever comes from beside it.
   * @param caller whose token the request carries
   * @throws {Problem} when too many wrong tokens came from there: right or wrong, this one is not even looked at
   */
  guess(c: Context, caller: string): Promise<void>;
}

/**
 * @param perSecond requests of one client, on the average of ten seconds
 * @param mostStreams that one client may have open
 */
export function clientLimits(perSecond: number, mostStreams = usualStreams): ClientLimits {
  const requests = new RateLimiterMemory({ points: perSecond * windowSeconds, duration: windowSeconds });
  const wrongTokens = new RateLimiterMemory({ points: mostWrongTokens, duration: 60 });
  const streams = new Map<string, number>();

  return {
    async request(c) {
      await requests.consume(clientOf(c)).catch((spent: unknown) => {
        if (!(spent instanceof RateLimiterRes)) throw spent;
        throw tooMany('requests', requests, spent, `A client may ask ${perSecond} times a second`);
      });
    },

    stream(c) {
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

    async wrongToken(c) {
      // Beyond the last one only the count goes on.
      await wrongTokens.consume(placeOf(c)).catch(() => undefined);
    },

    async guess(c, caller) {
      const wrong = await wrongTokens.get(placeOf(c));
      if (!wrong || wrong.consumedPoints < mostWrongTokens) return;
      if (await requests.get(clientOf(c, caller))) return;
      throw tooMany('wrong_tokens', wrongTokens, wrong, 'Too many wrong tokens have come from this address');
    },
  };
}

function tooMany(name: string, limit: RateLimiterMemory, spent: RateLimiterRes, detail: string): Problem {
  const seconds = Math.max(1, Math.ceil(spent.msBeforeNext / 1_000));
  const field = (...values: Array<[string, number]>) => {
    const item: Item = [name, new Map(values)];
    return serializeList([item]);
  };
  const headers = {
    'retry-after': String(seconds),
    'ratelimit-policy': field(['q', limit.points], ['w', limit.duration]),
    ratelimit: field(['r', 0], ['t', seconds]),
  };
  return new Problem('too-many', detail, { headers });
}
