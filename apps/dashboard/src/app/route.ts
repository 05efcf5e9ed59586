import { useMemo, useSyncExternalStore } from 'react';

export interface Route {
  /** The first part of the path: the name of a page, empty for the overview. */
  readonly page: string;
  readonly id: string | undefined;
  readonly query: URLSearchParams;
}

/** `#/runs/abc?kind=near` is item `abc` of the page `runs`. Paths without a hash belong to the API. */
export function routeOf(hash: string): Route {
  const [path, search] = splitOnce(hash.replace(/^#\/?/, ''), '?');
  const [page = '', id] = path.split('/').map(decoded);
  return { page, id: id || undefined, query: new URLSearchParams(search) };
}

/** The text as it is when its escapes are broken, as in `#/%`. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function follow(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(follow, () => location.hash);
  return useMemo(() => routeOf(hash), [hash]);
}

/** Changes the query of the current page without a new entry in the history; undefined or empty removes a name. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const [path] = splitOnce(location.hash, '?');
  const { query } = routeOf(location.hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  history.replaceState(history.state, '', `${path || '#/'}${query.size > 0 ? `?${query}` : ''}`);
  // The browser sends no event for a replaced address.
  dispatchEvent(new Event('hashchange'));
}
