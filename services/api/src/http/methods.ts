import type { Hono } from 'hono';
import { TrieRouter } from 'hono/router/trie-router';
import { Problem } from './problem.ts';

/** Says what is wrong with a request that no route takes: its method, or its path. Made when all routes are known. */
export function refuseUnrouted(routes: Hono['routes']): (path: string, method: string) => Problem {
  const methodsAt = new TrieRouter<string>();
  for (const { path, method } of routes) if (method !== 'ALL') methodsAt.add('ALL', path, method);
  return (path, method) => {
    const methods = new Set(methodsAt.match('ALL', path)[0].map(([known]) => known));
    if (methods.size === 0) return new Problem('not-found', `There is nothing at ${path}`);
    if (methods.has('GET')) methods.add('HEAD');
    const allow = [...methods].toSorted().join(', ');
    return new Problem('method-not-allowed', `${path} takes ${allow}, not ${method}`, { headers: { allow } });
  };
}
