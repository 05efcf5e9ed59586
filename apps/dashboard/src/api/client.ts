import { ApiProblem, problemOf } from './problem.ts';
import { createStore } from './store.ts';
import { refused, token } from './token.ts';

/** Whether the API answered when it was last asked. */
export const reachable = createStore(true);

export interface Answer<T> {
  readonly body: T;
  /** Under it Jaeger and the logs tell what happened. */
  readonly traceId: string | null;
}

/** Sends one request to the API. @throws {ApiProblem} */
export async function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer<T>> {
  const response = await send(path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { body: (await response.json()) as T, traceId: response.headers.get('x-trace-id') };
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>('GET', path)).body;

/** An answer that goes on until somebody stops it, in pieces. @throws {ApiProblem} */
export async function open(path: string, signal: AbortSignal): Promise<ReadableStreamDefaultReader<string>> {
  const { body } = await send(path, { signal });
  if (!body) throw new ApiProblem(0, 'The API said nothing');
  return body.pipeThrough(new TextDecoderStream()).getReader();
}

/** A key under which the API does a thing once, however often it is asked to. */
export const newKey = (): string =>
  [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');

async function send(path: string, request: RequestInit): Promise<Response> {
  const known = token.get();
  const headers = {
    ...(request.headers as Record<string, string>),
    ...(known !== null && { authorization: `Bearer ${known}` }),
  };
  const response = await fetch(path, { ...request, headers }).catch(() => undefined);
  reachable.set(response !== undefined || request.signal?.aborted === true);
  if (!response) throw new ApiProblem(0, 'The API does not answer');
  if (response.status === 401) refused(known);
  if (!response.ok) throw await problemOf(response);
  return response;
}
