import { randomUUID } from 'node:crypto';
import { ApiProblem, problemOf, Unreachable } from './problem.ts';
import type { List } from './shapes.ts';

/** Where the API is, and as whom it is asked. */
export interface ApiSettings {
  readonly url: string;
  readonly token: string | undefined;
  /** Aborts when nobody wants an answer any more. */
  readonly signal: AbortSignal;
}

/** Real ms. The API answers within half a minute, or says that it can't. */
const longestAnswerMs = 35_000;

/** The HTTP API, and nothing else of Paceline. Everything may throw `ApiProblem` or `Unreachable`. */
export function createApi({ url, token, signal }: ApiSettings) {
  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      ...(init.headers as Record<string, string>),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const response = await fetch(new URL(path, url), { ...init, headers }).catch((error: Error) => {
      signal.throwIfAborted();
      throw new Unreachable(`The API does not answer at ${url}${reasonOf(error)}`);
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  const within = () => AbortSignal.any([signal, AbortSignal.timeout(longestAnswerMs)]);

  async function get<T>(path: string): Promise<T> {
    return read<T>(await send(path, { signal: within() }));
  }

  /** With `once` a POST is carried out once, also when it is sent again. */
  async function ask<T>(
    method: string,
    path: string,
    { body, headers, once }: { body?: unknown; headers?: Record<string, string>; once?: string } = {},
  ): Promise<T> {
    return read<T>(
      await send(path, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(once !== undefined && { 'idempotency-key': once }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: within(),
      }),
    );
  }

  async function read<T>(response: Response): Promise<T> {
    const text = await response.text().catch((error: Error) => {
      signal.throwIfAborted();
      throw new Unreachable(`The answer of ${url} broke off${reasonOf(error)}`);
    });
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Unreachable(`What answers at ${url} is not the API of Paceline`);
    }
  }

  /** Every item of a list, page by page. */
  async function all<Item>(path: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: List<Item> = await get(cursor === '' ? path : `${path}&cursor=${cursor}`);
      items.push(...page.items);
      cursor = page.next;
    }
    return items;
  }

  /** An answer that goes on until it is ended, in pieces. */
  async function open(path: string, headers: Record<string, string>, until: AbortSignal) {
    const { body } = await send(path, { headers, signal: until });
    if (!body) throw new Unreachable(`What answers at ${url} says nothing`);
    return body.pipeThrough(new TextDecoderStream());
  }

  return { get, ask, all, open, newKey: (): string => randomUUID() };
}
export type Api = ReturnType<typeof createApi>;

/** fetch says why only in the cause of its error. */
function reasonOf(error: Error): string {
  const { code } = (error.cause ?? {}) as { code?: string };
  return code === undefined ? '' : ` (${code})`;
}

/** Away, or without a part of itself: it may answer in a moment. */
export const isPassing = (error: unknown): boolean =>
  error instanceof Unreachable || (error instanceof ApiProblem && [409, 503].includes(error.status));
