import { createApi } from '@paceline/client';
import { useSyncExternalStore } from 'react';

export function createStore<T>(first: T) {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: (): T => value,
    set(next: T): void {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of listeners) listener();
    },
    subscribe(listener: () => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export const useStore = <T>(store: ReturnType<typeof createStore<T>>): T =>
  useSyncExternalStore(store.subscribe, store.get);

const key = 'paceline-token';

const entered = createStore(sessionStorage.getItem(key));
/** The API token, kept until the browser tab is closed. */
export const token = {
  ...entered,
  set(value: string) {
    sessionStorage.setItem(key, value);
    entered.set(value);
    tokenPrompt.set(undefined);
  },
};

/** Why a token must be entered; undefined: none needed. */
export const tokenPrompt = createStore<'missing' | 'wrong' | undefined>(undefined);
/** When the API last answered, `performance.now()`; undefined while it answers. */
export const apiDownSince = createStore<number | undefined>(undefined);
let answeredAt = performance.now();

/** A request that the page has withdrawn says nothing about the API. */
const isWithdrawn = ({ signal }: RequestInit): boolean =>
  signal?.aborted === true && (signal.reason as Error).name !== 'TimeoutError';

export const api = createApi({
  // The next poll is the retry; until then the page shows what is wrong.
  retries: 0,
  async fetch(path, request) {
    const used = token.get();
    const headers = new Headers(request.headers);
    if (used !== null) headers.set('authorization', `Bearer ${used}`);
    try {
      const response = await fetch(path, { ...request, headers });
      answeredAt = performance.now();
      apiDownSince.set(undefined);
      // A new token may have been entered since the request was sent.
      if (response.status === 401 && used === token.get())
        tokenPrompt.set(used === null ? 'missing' : 'wrong');
      return response;
    } catch (error) {
      if (!isWithdrawn(request)) apiDownSince.set(answeredAt);
      throw error;
    }
  },
});
