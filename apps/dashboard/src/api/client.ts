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
export async function ask<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const known = token.get();
  const response = await fetch(path, {
    method,
    headers: {
      ...(known !== null && { authorization: `Bearer ${known}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => undefined);
  reachable.set(response !== undefined);
  if (!response) throw new ApiProblem(0, 'The API does not answer');
  if (response.status === 401) refused();
  if (!response.ok) throw await problemOf(response);
  return { body: (await response.json()) as T, traceId: response.headers.get('x-trace-id') };
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>('GET', path)).body;
