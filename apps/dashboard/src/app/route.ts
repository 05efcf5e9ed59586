import { useSyncExternalStore } from 'react';

/** Where the page is: `#/runs/abc` is view `runs` and `abc` in it. The rest of the address is the API's. */
export interface Route {
  readonly view: string;
  readonly id: string | undefined;
}

export function routeOf(hash: string): Route {
  const [view = '', id] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  return { view: view || 'windows', id: id || undefined };
}

function follow(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export const useRoute = (): Route => routeOf(useSyncExternalStore(follow, () => location.hash));
