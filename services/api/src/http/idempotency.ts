import { createHash } from 'node:crypto';
import type { Clock } from '@paceline/shared/clock';
import type { Database } from '@paceline/shared/database';
import type { MiddlewareHandler } from 'hono';
import {
  giveKeyBack,
  keepAnswer,
  type KeptAnswer,
  type KeyedRequest,
  takeKey,
} from '../adapters/idempotency.ts';
import { idempotencyKey } from '../core/idempotency.ts';
import { Problem } from './problem.ts';
import { longestAnswerMs } from './time-limit.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The id of what this request makes, if it has an `Idempotency-Key`: made again it is the same thing. */
    onceId: string | undefined;
  }
}

/** What belongs to the answer itself, and not to this way of giving it. */
const keptHeaders = ['content-type', 'location', 'preference-applied'];

/**
 * Carries a POST with an `Idempotency-Key` out once: whoever sends it again is given the same answer. Answers that say
 * that nothing was done (5xx) are not kept.
 * @param keepMs project ms that an answer is kept
 */
export const idempotency =
  (db: Database, clock: Clock, keepMs: number): MiddlewareHandler =>
  async (c, next) => {
    const header = c.req.header('idempotency-key');
    if (c.req.method !== 'POST' || header === undefined) return next();
    const key = idempotencyKey(header);
    if (key === undefined) throw invalidKey();
    const { pathname, search } = new URL(c.req.url);
    const keyed: KeyedRequest = {
      caller: c.get('caller') ?? '',
      key,
      request: requestDigest(c.req.method, pathname + search, await c.req.text()),
    };
    const now = clock.now();
    const taken = await takeKey(db, keyed, Math.floor(now), {
      keptSince: now - keepMs,
      abandonedSince: now - clock.fromMachine(longestAnswerMs + 5_000),
    });
    switch (taken.is) {
      case 'answered':
        return replay(taken.answer);
      case 'of_another_request':
        throw new Problem('idempotency-key-reused', 'This Idempotency-Key was sent with another request');
      case 'under_way':
        throw new Problem('request-in-progress', 'The first request with this key is not answered yet', {
          headers: { 'retry-after': '1' },
        });
    }
    c.set('onceId', taken.onceId);
    await next();
    if (c.res.status >= 500) return giveKeyBack(db, keyed);
    await keepAnswer(db, keyed, await answerOf(c.res));
  };

/** What a request asks for, in a few characters: two that differ in anything have different ones. */
const requestDigest = (method: string, path: string, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([method, path, body]))
    .digest('base64url');

function invalidKey(): Problem {
  const message = 'must be 1 to 255 visible ASCII characters';
  const errors = [{ field: 'idempotency-key', message }];
  return new Problem('invalid-input', `idempotency-key ${message}`, { errors });
}

async function answerOf(response: Response): Promise<KeptAnswer> {
  const headers = keptHeaders.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return {
    status: response.status,
    headers: Object.fromEntries(headers),
    body: await response.clone().text(),
  };
}

const replay = ({ status, headers, body }: KeptAnswer): Response =>
  new Response(body, { status, headers: { ...headers, 'idempotency-replayed': 'true' } });
