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

/** The token of this browser tab, when the API wants one; it is forgotten with the tab. */
export const token = {
  get: () => sessionStorage.getItem(key),
  set(value: string) {
    sessionStorage.setItem(key, value);
    tokenWanted.set(undefined);
  },
};

/** Why the page has to ask for a token; undefined: it need not. */
export const tokenWanted = createStore<'missing' | 'wrong' | undefined>(undefined);
export const reachable = createStore(true);

export const api = createApi({
  async fetch(path, request) {
    const used = token.get();
    const headers = new Headers(request.headers);
    if (used !== null) headers.set('authorization', `Bearer ${used}`);
    try {
      const response = await fetch(path, { ...request, headers });
      reachable.set(true);
      // Another token may have been given since it was sent.
      if (response.status === 401 && used === token.get())
        tokenWanted.set(used === null ? 'missing' : 'wrong');
      return response;
    } catch (error) {
      reachable.set(request.signal?.aborted === true);
      throw error;
    }
  },
});
