import { setTimeout as sleep } from 'node:timers/promises';

/** Paceline's HTTP API, by whichever of its processes answers. */
export interface Api {
  /** GETs JSON. @throws {Error} when no process answers, or not with 2xx */
  get<T>(path: string): Promise<T>;
  /** Every item of a list, page by page. */
  all<Item>(path: string): Promise<Item[]>;
  /**
   * Sends until it is answered, with a key by which it is done once. Undefined: nobody has answered for as long as that
   * was tried.
   */
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Answer | undefined>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** Real ms: what is asked for while everything is broken is asked for until it is whole. */
const patienceMs = 25_000;

/** The first of two requests with the same key may still be under way. */
const isFinal = (status: number, { type }: Answer['body']): boolean =>
  status < 500 && !String(type).includes('request-in-progress');

export function createApi(urls: readonly string[]): Api {
  let turn = 0;
  const next = () => urls[(turn += 1) % urls.length] ?? '';
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${next()}${path}`, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    get,
    async all<Item>(path: string) {
      const items: Item[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page: { items: Item[]; next: string | null } = await get(
          `${path}${path.includes('?') ? '&' : '?'}limit=100${after}`,
        );
        items.push(...page.items);
        cursor = page.next;
      }
      return items;
    },
    async send(method, path, body) {
      const headers = {
        ...(body && { 'content-type': 'application/json' }),
        ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
        ...(path === '/v1/schedule' && { 'if-match': '*' }),
      };
      const giveUp = performance.now() + patienceMs;
      while (performance.now() < giveUp) {
        const answer = await fetch(`${next()}${path}`, {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(5_000),
        }).catch(() => undefined);
        const read = (await answer?.json().catch(() => undefined)) as Answer['body'] | undefined;
        if (answer && read && isFinal(answer.status, read)) return { status: answer.status, body: read };
        await sleep(200);
      }
      return undefined;
    },
  };
}
