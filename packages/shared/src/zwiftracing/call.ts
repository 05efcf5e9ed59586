import { lookup as systemLookup, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, fetch } from 'undici';
import type { Clock } from '../clock/index.ts';
import { callTimeout, isForbiddenHost } from '../config/index.ts';
import type { Budget } from '../definition/index.ts';
import type { Permit } from '../limiter/index.ts';
import { errorOf, isPage, readPolicy, readRateLimited, UpstreamError, UnexpectedShape } from './errors.ts';

export interface CallSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly clock: Clock;
  /** Calls in hand are given up when it aborts. */
  readonly signal?: AbortSignal;
}

export interface UpstreamRequest {
  readonly path: string;
  /** Sent as JSON by POST; without it the call is a GET. */
  readonly body?: unknown;
}

/** Makes one call with its permit and reads the answer by `read`, which throws when the shape is wrong. */
export type ApiCall = <T>(
  permit: Permit<Budget>,
  request: UpstreamRequest,
  read: (json: unknown) => T,
) => Promise<T>;

/** The only way to upstream: uses the permit right before sending, settles it when the headers are there. */
export function createCall({ baseUrl, apiKey, clock, signal: stop }: CallSettings): ApiCall {
  const headers = headersFor(apiKey);
  const agent = new Agent({ connect: { lookup: safeLookup } });
  const { origin } = new URL(baseUrl);
  const startOf = (text: string) => text.replaceAll(apiKey, '***').slice(0, 300);

  return async (permit, { path, body }, read) => {
    const url = `${baseUrl}${path}`;
    if (new URL(url).origin !== origin) throw new Error('a path may not lead the key to another host');
    const timeoutMs = callTimeout(permit.endpoint, clock);
    const timeout = new AbortController();
    const signal = stop ? AbortSignal.any([timeout.signal, stop]) : timeout.signal;
    const method = body === undefined ? 'GET' : 'POST';
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };

    const sentAt = clock.now();
    const duration = () => Math.max(0, clock.now() - sentAt);
    permit.use();
    const callOff = clock.machine.after(clock.toMachine(timeoutMs), () => timeout.abort());
    try {
      const response = await fetch(url, {
        ...sent,
        method,
        headers,
        signal,
        redirect: 'manual',
        dispatcher: agent.compose(once()),
      });
      const { status } = response;
      const durationMs = duration();
      if (status === 429) {
        const text = await response.text().catch(() => '');
        const limited = readRateLimited(text, response.headers, clock.now());
        permit.settle({ result: 'answered', status, durationMs, ...limited });
        throw errorOf(status, startOf(text), limited.retryAfterMs);
      }
      permit.settle({ result: 'answered', status, durationMs, ...readPolicy(response.headers) });
      const text = await response.text();
      if (!response.ok) throw errorOf(status, startOf(text));
      return readAnswer(text, status, startOf, read);
    } catch (error) {
      permit.settle({ result: 'unanswered', durationMs: duration() });
      if (error instanceof UpstreamError) throw error;
      if (stop?.aborted) throw stop.reason;
      if (timeout.signal.aborted)
        throw new UpstreamError('timed_out', `Upstream took longer than ${timeoutMs / 1_000} s`);
      throw new UpstreamError('unreachable', `The call did not come through: ${networkReason(error)}`);
    } finally {
      callOff();
    }
  };
}

/** Lets one request through: by the standard, `fetch` makes another by itself when it is answered 421. */
function once(): Dispatcher.DispatcherComposeInterceptor {
  let sent = false;
  return (dispatch) => (options, handler) => {
    if (sent) throw new Error('upstream asked for the call again, which needs a permit of its own');
    sent = true;
    return dispatch(options, handler);
  };
}

function readAnswer<T>(
  text: string,
  status: number,
  startOf: (text: string) => string,
  read: (json: unknown) => T,
): T {
  try {
    return read(parseJson(text));
  } catch (error) {
    const what = isPage(text) ? 'a web page' : reasonOf(error);
    throw new UpstreamError('unreadable', `The answer could not be read: ${what}`, {
      status,
      rawStart: startOf(text),
    });
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof UnexpectedShape ? error.message : 'it is not JSON';

function headersFor(apiKey: string): Record<string, string> {
  try {
    return Object.fromEntries(
      new Headers({
        Authorization: apiKey,
        Accept: 'application/json',
        'Content-Type': 'application/json',
      }),
    );
  } catch {
    // The platform's own message quotes the value.
    throw new Error('ZWIFTRACING_API_KEY holds characters that can not be sent in a header');
  }
}

/** The system's code (ECONNREFUSED, ENOTFOUND …): fetch itself only reports that it failed. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error instanceof Error ? error.message : String(error);
}

/** The system's lookup, but it refuses a name that now leads to a forbidden address. */
export const safeLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, options as LookupOptions, (error, found, family) => {
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
    const forbidden = error ? undefined : addresses.find(isForbiddenHost);
    if (forbidden === undefined) done(error, found, family);
    else done(Object.assign(new Error(`${host} leads to ${forbidden}`), { code: 'EFORBIDDENHOST' }), '');
  });
};

/** Escapes of what Postgres can't keep in text or jsonb: NUL, and half a surrogate pair. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

/** Parses JSON; texts in it that could not be stored are mended. @throws {SyntaxError} */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, unstorable.test(text) ? mend : undefined);

const mend = (_: string, value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value;
