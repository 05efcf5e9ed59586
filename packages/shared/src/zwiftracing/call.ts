import { lookup as systemLookup, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher, interceptors } from 'undici';
import type { Clock } from '../clock/index.ts';
import { callTimeout, isForbiddenHost } from '../config/index.ts';
import type { BudgetName } from '../definition/index.ts';
import type { Permit } from '../limiter/index.ts';
import manifest from '../../package.json' with { type: 'json' };
import { errorOf, UpstreamError, UnexpectedShape } from './errors.ts';
import { readLimits } from './limits.ts';

export interface CallSettings {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly clock: Clock;
  /** Aborts calls in flight. */
  readonly signal?: AbortSignal;
}

export interface UpstreamRequest {
  readonly path: string;
  /** Sent as JSON by POST; without a body the call is a GET. */
  readonly body?: unknown;
}

/** Makes one call with its permit. `read` parses the response and throws when its shape is wrong. */
export type ApiCall = <T>(
  permit: Permit<BudgetName>,
  request: UpstreamRequest,
  read: (json: unknown) => T,
) => Promise<T>;

/** The only way to call upstream: uses the permit right before sending, and settles it when the headers arrive. */
export function createCall({ baseUrl, apiKey, clock, signal: stop }: CallSettings): ApiCall {
  const headers = headersFor(apiKey);
  const agent = new Agent({ connect: { lookup: safeLookup } }).compose(
    interceptors.decompress({ skipErrorResponses: false }),
  );
  const { origin } = new URL(baseUrl);
  const startOf = (text: string) => text.replaceAll(apiKey, '***').slice(0, 300);

  return async (permit, { path, body }, read) => {
    const url = new URL(`${baseUrl}${path}`);
    if (url.origin !== origin)
      throw new Error('the path leads to another host, which must not receive the key');
    const timeoutMs = callTimeout(permit.endpoint, clock);
    const timeout = new AbortController();
    const signal = stop ? AbortSignal.any([timeout.signal, stop]) : timeout.signal;
    const method = body === undefined ? 'GET' : 'POST';
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };

    const sentAt = clock.now();
    const duration = () => Math.max(0, clock.now() - sentAt);
    permit.use();
    const cancelTimeout = clock.machine.after(clock.toRealMs(timeoutMs), () => timeout.abort());
    try {
      // Not `fetch`: that repeats a call after a 421, as its standard requires, and each call needs its own permit.
      const response = await agent.request({
        ...sent,
        origin,
        path: url.pathname + url.search,
        method,
        headers,
        signal,
      });
      const { statusCode: status } = response;
      const received = headersOf(response);
      const durationMs = duration();
      const answeredAt = clock.now();
      const settle = (text: string) => {
        const limits = readLimits(status, received, text, answeredAt);
        permit.settle({ result: 'answered', status, durationMs, ...limits });
        return limits;
      };
      const fails = status < 200 || status >= 300 || isPage(received);
      // A body that never ends must not keep the permit; that of a failure says for how long to wait.
      if (!fails) settle('');
      const text = await (fails ? response.body.text().catch(() => '') : response.body.text());
      const limits = fails ? settle(text) : {};
      const answer = { status, text, rawStart: startOf(text) };
      const error = errorOf(answer, limits, answeredAt);
      if (error) throw error;
      return parseResponse(answer, read);
    } catch (error) {
      permit.settle({ result: 'unanswered', durationMs: duration() });
      if (error instanceof UpstreamError) throw error;
      if (stop?.aborted) throw stop.reason;
      if (timeout.signal.aborted)
        throw new UpstreamError('timed_out', `ZwiftRacing did not answer within ${timeoutMs / 1_000} s`);
      throw new UpstreamError('unreachable', `ZwiftRacing could not be reached: ${networkReason(error)}`);
    } finally {
      cancelTimeout();
    }
  };
}

function headersOf({ headers }: Dispatcher.ResponseData): Headers {
  const received = new Headers();
  for (const [name, values] of Object.entries(headers))
    for (const value of [values ?? []].flat()) received.append(name, value);
  return received;
}

/** Whether the headers announce a web page. Express sends plain texts as HTML too, so only the body of a 2xx decides. */
const isPage = (headers: Headers): boolean => headers.get('Content-Type')?.includes('text/html') ?? false;

function parseResponse<T>(
  { text, status, rawStart }: { text: string; status: number; rawStart: string },
  read: (json: unknown) => T,
): T {
  const failure = (code: 'unreadable' | 'unexpected', reason: string) =>
    new UpstreamError(code, `Invalid response from ZwiftRacing: ${reason}`, { status, rawStart });
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

/** Names us to the operators of the API and of the gateways before it. */
export const userAgent = `Paceline/${manifest.version}`;

function headersFor(apiKey: string): Record<string, string> {
  try {
    return Object.fromEntries(
      new Headers({
        Authorization: apiKey,
        Accept: 'application/json',
        'Accept-Encoding': 'gzip, deflate',
        'User-Agent': userAgent,
        'Content-Type': 'application/json',
      }),
    );
  } catch {
    // The platform's error message would quote the value.
    throw new Error('ZWIFTRACING_API_KEY contains characters that cannot be sent in a header');
  }
}

/** The system's error code (ECONNREFUSED, ENOTFOUND …), or the reason in words. */
const networkReason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? String(error.code) : error.message;
};

/** The system's lookup, but it rejects a name that resolves to a forbidden address. */
export const safeLookup: LookupFunction = (host, options, done) => {
  systemLookup(host, options as LookupOptions, (error, found, family) => {
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
    const forbidden = error ? undefined : addresses.find(isForbiddenHost);
    if (forbidden === undefined) done(error, found, family);
    else done(Object.assign(new Error(`${host} resolves to ${forbidden}`), { code: 'EFORBIDDENHOST' }), '');
  });
};

/** JSON escapes of what Postgres can't store in text or jsonb: NUL, and lone surrogates. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

/** Parses JSON, and repairs strings that Postgres couldn't store. @throws {SyntaxError} */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, unstorable.test(text) ? repair : undefined);

const repair = (_: string, value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value;
