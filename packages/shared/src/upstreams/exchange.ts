import { lookup as systemLookup, type LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, interceptors } from 'undici';
import type { Clock } from '../clock/index.ts';
import { isForbiddenHost } from '../config/index.ts';
import type { BudgetName } from '../definition/index.ts';
import type { Permit } from '../limiter/index.ts';
import manifest from '../../package.json' with { type: 'json' };
import type { Dialect } from './dialect.ts';
import { UpstreamError } from './errors.ts';
import { readLimits, type ReportedLimits } from './limits.ts';
import type { Auth } from './upstream.ts';
import { readUsage } from './usage.ts';

export interface ExchangeSettings {
  /** The upstream's name for people. */
  readonly label: string;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly auth: Auth;
  readonly key: string;
  readonly dialect: Dialect;
  readonly clock: Clock;
  /** Aborts calls in flight. */
  readonly signal?: AbortSignal;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Below the base URL, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Project ms until the whole answer must be there. */
  readonly timeoutMs: number;
  /** In which the call counts. */
  readonly budgets: readonly string[];
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Project time. */
  readonly answeredAt: number;
  /** The body of a failure, which is read first: it can name a wait. */
  readonly failure: { readonly bytes: Uint8Array; readonly limits: ReportedLimits } | undefined;
  readonly body: Readable & { text(): Promise<string>; bytes(): Promise<Uint8Array> };
}

/**
 * Makes one call with its permit: uses the permit right before sending, and settles it when the headers arrive, or the body
 * of a failure. Returns what `read` makes of the answer. Redirects are not followed.
 * @throws {UpstreamError} `unreachable` or `timed_out`; an error of `read`; the signal's reason
 */
export type Exchange = <T>(
  permit: Permit<BudgetName>,
  request: UpstreamRequest,
  read: (answer: UpstreamAnswer) => Promise<T>,
) => Promise<T>;

/** The only way to call an upstream. @throws {Error} when the key can't be sent in a header */
export function createExchange({
  label,
  baseUrl,
  auth,
  key,
  dialect,
  clock,
  signal: stop,
}: ExchangeSettings): Exchange {
  const ownHeaders = { 'accept-encoding': 'gzip, deflate', 'user-agent': userAgent, ...keyHeader(auth, key) };
  const agent = new Agent({ connect: { lookup: safeLookup } }).compose(
    interceptors.decompress({ skipErrorResponses: false }),
  );
  const base = new URL(baseUrl);
  const keyParameter = `${encodeURIComponent(auth.name)}=${encodeURIComponent(key)}`;

  function addressOf(path: string): string {
    const url = new URL(`${baseUrl}${path}`);
    if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname))
      throw new Error('the path leads to another host, which must not receive the key');
    if (auth.in === 'header') return url.pathname + url.search;
    return `${url.pathname}${url.search}${url.search ? '&' : '?'}${keyParameter}`;
  }

  return async (permit, { method, path, headers, body, timeoutMs, budgets }, read) => {
    const address = addressOf(path);
    const timeout = new AbortController();
    const signal = stop ? AbortSignal.any([timeout.signal, stop]) : timeout.signal;

    const sentAt = clock.now();
    const duration = () => Math.max(0, clock.now() - sentAt);
    permit.use();
    const cancelTimeout = clock.machine.after(clock.toRealMs(timeoutMs), () => timeout.abort());
    try {
      // Not `fetch`: that repeats a call after a 421, as its standard requires, and each call needs its own permit.
      const response = await agent.request({
        origin: base.origin,
        path: address,
        method: method as Dispatcher.HttpMethod,
        headers: { ...headers, ...ownHeaders },
        signal,
        ...(body !== undefined && { body }),
      });
      const { statusCode: status } = response;
      const received = headersOf(response);
      const durationMs = duration();
      const answeredAt = clock.now();
      const usage = readUsage(dialect, budgets, received);
      const settle = (text: string) => {
        const limits = readLimits(dialect, status, received, text, answeredAt);
        const reported = { ...limits, ...(usage.length > 0 && { usage }) };
        permit.settle({ result: 'answered', status, durationMs, ...reported });
        return limits;
      };
      const answer = { status, headers: received, answeredAt, body: response.body };
      if (status >= 200 && status < 300 && !isPage(received)) {
        // A body that never ends must not keep the permit.
        settle('');
        return await read({ ...answer, failure: undefined });
      }
      const bytes = await response.body.bytes().catch(() => new Uint8Array());
      return await read({ ...answer, failure: { bytes, limits: settle(textOf(bytes)) } });
    } catch (error) {
      permit.settle({ result: 'unanswered', durationMs: duration() });
      if (error instanceof UpstreamError) throw error;
      if (stop?.aborted) throw stop.reason;
      if (timeout.signal.aborted)
        throw new UpstreamError('timed_out', `${label} did not answer within ${timeoutMs / 1_000} s`);
      throw new UpstreamError('unreachable', `${label} could not be reached: ${networkReason(error)}`);
    } finally {
      cancelTimeout();
    }
  };
}

const decoder = new TextDecoder();
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

function headersOf({ headers }: Dispatcher.ResponseData): Headers {
  const received = new Headers();
  for (const [name, values] of Object.entries(headers))
    for (const value of [values ?? []].flat()) received.append(name, value);
  return received;
}

/** Whether the headers announce a web page. Express sends plain texts as HTML too, so only the body of a 2xx decides. */
const isPage = (headers: Headers): boolean => headers.get('Content-Type')?.includes('text/html') ?? false;

/** Names us to the operators of the API and of the gateways before it. */
const userAgent = `Paceline/${manifest.version}`;

function keyHeader(
  { in: place, name, prefix, secret }: ExchangeSettings['auth'],
  key: string,
): Record<string, string> {
  if (place === 'query') return {};
  try {
    return Object.fromEntries(new Headers({ [name]: prefix + key }));
  } catch {
    // The platform's error message would quote the value.
    throw new Error(`${secret} contains characters that cannot be sent in a header`);
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
