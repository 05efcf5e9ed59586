import type { Problem } from './generated.ts';
import type { InputOf, OperationName, ResponseOf } from './operations.ts';
import { sendWithRetries } from './retry.ts';

interface CallOptions {
  /** Aborts this call only. */
  readonly signal?: AbortSignal | undefined;
}
export type ArgumentsOf<O extends OperationName> =
  object extends InputOf<O> ? [input?: InputOf<O> & CallOptions] : [input: InputOf<O> & CallOptions];

type ListOperation = {
  [O in OperationName]: ResponseOf<O> extends { items: unknown[]; next: string | null } ? O : never;
}[OperationName];
type Item<O extends ListOperation> = ResponseOf<O>['items'][number];

export interface ClientOptions {
  /** Base URL such as `http://127.0.0.1:3000`; default: the origin of the page. */
  readonly url?: string;
  readonly token?: string | undefined;
  /** Aborts all calls. */
  readonly signal?: AbortSignal;
  /** Real ms per request; default: no limit, because a slow database delays the acceptance of a command. */
  readonly timeoutMs?: number;
  /** Max retries of a call that the API refuses for the moment, each after the time in `Retry-After`; default 2. */
  readonly retries?: number;
  readonly fetch?: (url: string, request: RequestInit) => Promise<Response>;
}

interface RequestParts extends CallOptions {
  readonly path?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | null | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/** Answered from memory, whatever is down: an API that takes longer does not answer. */
const fromMemory: ReadonlySet<string> = new Set<OperationName>(['GET /v1/health', 'GET /v1/clock']);
/** Real ms. */
const fromMemoryMs = 4_000;
/** A repetition does no harm, so it needs no idempotency key. */
const repeatable: ReadonlySet<string> = new Set<OperationName>([
  'POST /v1/schedule/lint',
  'POST /v1/stream/tokens',
]);

/** The API's operations, typed by its OpenAPI document. @throws {ApiProblem | Unreachable} */
export interface Api {
  call<O extends OperationName>(operation: O, ...input: ArgumentsOf<O>): Promise<ResponseOf<O>>;
  /** All pages of a list. */
  all<O extends ListOperation>(operation: O, ...input: ArgumentsOf<O>): Promise<Item<O>[]>;
  /** A GET with a streamed text response. */
  open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<ReadableStream<string>>;
}

export function createApi(options: ClientOptions = {}): Api {
  const { url = '', token, signal, timeoutMs, retries = 2, fetch: sendRequest = fetch } = options;
  const at = url && ` at ${url}`;

  async function send(
    path: string,
    headers: Readonly<Record<string, string | undefined>>,
    request: RequestInit,
    caller?: AbortSignal,
  ) {
    const authorization = token === undefined ? undefined : `Bearer ${token}`;
    const init = { ...request, headers: present({ ...headers, authorization }) };
    // A repeated change of one version would be refused if the first one was carried out.
    const isOfVersion = ![undefined, '*'].includes(headers['if-match']);
    const response = await sendWithRetries(
      () => sendRequest(url + path, init),
      isOfVersion ? 0 : retries,
      request.signal,
    ).catch((error: Error) => {
      caller?.throwIfAborted();
      throw new Unreachable(`The API${at} does not answer${reasonOf(error)}`);
    });
    caller?.throwIfAborted();
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  async function request(operation: string, parts: RequestParts = {}): Promise<unknown> {
    const [method = ''] = operation.split(' ', 1);
    const limitMs = fromMemory.has(operation) ? Math.min(fromMemoryMs, timeoutMs ?? fromMemoryMs) : timeoutMs;
    const caller = anyOf(signal, parts.signal);
    const either = anyOf(caller, limitMs === undefined ? undefined : AbortSignal.timeout(limitMs));
    const headers = {
      'content-type': parts.body === undefined ? undefined : 'application/json',
      // Makes a repetition of the request safe.
      'idempotency-key': method === 'POST' && !repeatable.has(operation) ? newIdempotencyKey() : undefined,
      ...present(parts.headers ?? {}),
    };
    const body = parts.body === undefined ? {} : { body: JSON.stringify(parts.body) };
    const response = await send(
      urlOf(operation, parts),
      headers,
      { method, ...body, ...(either && { signal: either }) },
      caller,
    );
    try {
      return JSON.parse(await response.text());
    } catch (error) {
      caller?.throwIfAborted();
      if (error instanceof SyntaxError) throw new Unreachable(`The server${at} is not the Paceline API`);
      throw new Unreachable(`The response of the API was cut off${reasonOf(error as Error)}`);
    }
  }

  return {
    call: async (operation, ...[input]) => (await request(operation, input as RequestParts)) as never,
    async all(operation, ...[input]) {
      const items: never[] = [];
      const parts = input as RequestParts | undefined;
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await request(operation, { ...parts, query: { limit: 500, ...parts?.query, cursor } });
        const { items: more, next } = page as { items: never[]; next: string | null };
        items.push(...more);
        cursor = next;
      }
      return items;
    },
    async open(path, headers, streamSignal) {
      const { body } = await send(path, headers, { signal: anyOf(signal, streamSignal) ?? null }, signal);
      if (!body) throw new Unreachable('The API sent an empty response');
      return body.pipeThrough(new TextDecoderStream());
    },
  };
}

function anyOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((each) => each !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

const present = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );

export function pathOf<O extends OperationName>(operation: O, ...[input]: ArgumentsOf<O>): string {
  return urlOf(operation, input as RequestParts);
}

function urlOf(operation: string, { path: names = {}, query = {} }: RequestParts = {}): string {
  const [, template = ''] = operation.split(' ');
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(names[name])),
  );
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null) given.set(name, String(value));
  return given.size === 0 ? filled : `${filled}?${given.toString()}`;
}

/** A new `Idempotency-Key`. Pages without TLS have no `randomUUID`. */
export const newIdempotencyKey = (): string =>
  [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');

/** Node gives the reason only in the cause of its error. */
function reasonOf(error: Error): string {
  const { code } = (error.cause ?? {}) as { code?: string };
  return code === undefined ? '' : ` (${code})`;
}

/** The API rejected a request (RFC 9457); the message is its `detail`. */
export class ApiProblem extends Error {
  override name = 'ApiProblem';
  readonly status: number;
  readonly body: Partial<Problem>;

  constructor(status: number, body: Partial<Problem>) {
    super(body.detail ?? `The API responded with status ${status}`);
    this.status = status;
    this.body = body;
  }

  get errors(): NonNullable<Problem['errors']> {
    return this.body.errors ?? [];
  }
}

/** No valid response from the API. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => undefined);
  return new ApiProblem(response.status, (body ?? {}) as Partial<Problem>);
}

/** Whether a retry can succeed: unreachable, busy with the same request (409), or a service is down (503). */
export const isTemporary = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof ApiProblem && [409, 503].includes(error.status));

/** 4xx that pass by themselves: a time-out, a conflict, too early, too many requests. */
const passing = [408, 409, 425, 429];
/** Whether the same request would be refused again: the resource, the request or the token must change first. */
export const isPermanent = (error: unknown): error is ApiProblem =>
  error instanceof ApiProblem && error.status >= 400 && error.status < 500 && !passing.includes(error.status);

/** The message of an error, or its messages by field. */
export const errorText = (error: Error): string =>
  error instanceof ApiProblem && error.errors.length > 0
    ? error.errors.map(({ field, message }) => `${field} ${message}`).join('; ')
    : error.message;

/** The API's message about one field of the request. */
export const fieldError = (error: Error | null, field: string): string | undefined =>
  error instanceof ApiProblem ? error.errors.find((each) => each.field === field)?.message : undefined;
