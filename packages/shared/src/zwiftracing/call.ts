import type { Clock } from '../clock/index.ts';
import type { BudgetName } from '../definition/index.ts';
import type { Permit } from '../limiter/index.ts';
import { createExchange, textOf } from '../upstreams/exchange.ts';
import { errorOf, UpstreamError } from '../upstreams/errors.ts';
import { callTimeout, type SyncUpstream } from '../upstreams/index.ts';
import { UnexpectedShape } from './errors.ts';

export interface CallSettings {
  readonly definition: SyncUpstream;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly clock: Clock;
  /** Aborts calls in flight. */
  readonly signal?: AbortSignal;
}

export interface JsonRequest {
  readonly path: string;
  /** Sent as JSON by POST; without a body the call is a GET. */
  readonly body?: unknown;
}

/** Makes one call with its permit. `read` parses the response and throws when its shape is wrong. */
export type ApiCall = <T>(
  permit: Permit<BudgetName>,
  request: JsonRequest,
  read: (json: unknown) => T,
) => Promise<T>;

const headers = { accept: 'application/json', 'content-type': 'application/json' };

/** Calls that answer with JSON. @throws {Error} when the key can't be sent in a header */
export function createCall({ definition, apiKey, ...settings }: CallSettings): ApiCall {
  const { label, auth, dialect, endpoints } = definition;
  const exchange = createExchange({ ...settings, label, auth, key: apiKey, dialect });
  const startOf = (text: string) => text.replaceAll(apiKey, '***').slice(0, 300);

  return (permit, { path, body }, read) => {
    const timeoutMs = callTimeout(endpoints[permit.endpoint], settings.clock);
    const request = { path, headers, timeoutMs, budgets: [permit.endpoint] };
    const sent = body === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(body) };
    return exchange(
      permit,
      { ...request, ...sent },
      async ({ status, answeredAt, failure, body: received }) => {
        const text = failure ? textOf(failure.bytes) : await received.text();
        const answer = { status, text, rawStart: startOf(text) };
        const error = errorOf(label, answer, failure?.limits ?? {}, answeredAt);
        if (error) throw error;
        return parseResponse(label, answer, read);
      },
    );
  };
}

function parseResponse<T>(
  label: string,
  { text, status, rawStart }: { text: string; status: number; rawStart: string },
  read: (json: unknown) => T,
): T {
  const failure = (code: 'unreadable' | 'unexpected', reason: string) =>
    new UpstreamError(code, `Invalid response from ${label}: ${reason}`, { status, rawStart });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    throw failure('unreadable', 'not JSON');
  }
  try {
    return read(json);
  } catch (error) {
    throw failure('unexpected', error instanceof UnexpectedShape ? error.message : 'unexpected content');
  }
}

/** JSON escapes of what Postgres can't store in text or jsonb: NUL, and lone surrogates. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

/** Parses JSON, and repairs strings that Postgres couldn't store. @throws {SyntaxError} */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, unstorable.test(text) ? repair : undefined);

const repair = (_: string, value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value;
