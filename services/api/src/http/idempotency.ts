import { createHash } from 'node:crypto';
import type { Logger } from '@paceline/shared/telemetry';
import type { MiddlewareHandler } from 'hono';
import type { KeptAnswer, KeyedRequest, Keys } from '../adapters/idempotency.ts';
import { idempotencyKey } from '../core/idempotency.ts';
import { Problem } from './problem.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The id of what this request makes, if it has an `Idempotency-Key`: made again it is the same thing. */
    onceId: string | undefined;
  }
}

/** What belongs to the answer itself, and not to this way of giving it. */
const keptHeaders = ['content-type', 'location', 'preference-applied'];

/**
 * Carries a POST with an `Idempotency-Key` out once: sent again it is given the same answer. Answers that say that it
 * failed (5xx) are not kept.
 */
export const idempotency =
  (keys: Keys, log: Logger): MiddlewareHandler =>
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
    const taken = await keys.take(keyed);
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
    const { res } = c;
    const noting = res.status >= 500 ? keys.giveBack(taken) : keys.keepAnswer(taken, await answerOf(res));
    // What was done stays done: sent again, the key is taken for abandoned later, under the same id.
    await noting.catch((err: unknown) => log.warn({ err }, 'could not store the answer to a keyed request'));
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
