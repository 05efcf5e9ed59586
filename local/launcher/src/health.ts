import { setTimeout as wait } from 'node:timers/promises';
import { createApi, type Health } from '@paceline/client';
import { apiDown, downText } from '@paceline/client/text';
// oxlint-disable-next-line no-restricted-imports -- calls our own API, never upstream
import { Agent, fetch } from 'undici';

/** Real ms. */
const pollIntervalMs = 2_000;
const timeoutMs = 3_000;

/** Skips certificate checks: the API is called by IP address, not by the name in its certificate. */
const localAgent = new Agent({ connect: { rejectUnauthorized: false } });

interface Shown {
  /** The titles of the parts that are down, by their names. */
  readonly down: ReadonlyMap<string, string>;
  readonly isReachable: boolean;
  /** What a power cut can lose. */
  readonly risk: string | null;
  /** When the API last answered, project time. */
  readonly answeredAt: string | null;
}

/** Until the first answer nothing is wrong, as the stack has just become ready. */
export const initiallyShown: Shown = { down: new Map(), isReachable: true, risk: null, answeredAt: null };

/** What the console prints when the health has changed. @param health undefined: the API does not answer */
export function healthLines(
  shown: Shown,
  health: Health | undefined,
): { readonly shown: Shown; readonly lines: readonly string[] } {
  if (!health) {
    const text = downText({ ...apiDown, since: shown.answeredAt });
    const lines = shown.isReachable ? [`ALERT ${text}`] : [];
    return { shown: { ...shown, isReachable: false }, lines };
  }
  const downParts = health.parts.filter(({ state }) => state === 'down');
  const raised = downParts.filter(({ part, title }) => shown.down.get(part) !== title);
  const back = health.parts.filter(({ part, state }) => state === 'up' && shown.down.has(part));
  const known = health.parts.flatMap(({ part, state, title }): Array<[string, string]> => {
    const text = state === 'unknown' ? shown.down.get(part) : title;
    return typeof text === 'string' ? [[part, text]] : [];
  });
  const { sync, title: risk, reason, advice } = health.durability;
  return {
    shown: { down: new Map(known), isReachable: true, risk, answeredAt: health.at },
    lines: [
      ...(shown.isReachable ? [] : ['The API answers again']),
      ...raised.map((part) => `ALERT ${downText(part)}`),
      ...back.map(({ part }) => `${part} is back`),
      ...(risk !== null && risk !== shown.risk ? [`${risk}. ${reason} ${advice}`] : []),
      ...(sync === 'always' && shown.risk !== null
        ? ['A power cut can no longer lose what the broker has acknowledged']
        : []),
    ],
  };
}

/** Prints a line whenever a part goes down or is back, as the API sees it. Returns a function that stops it. */
export function printHealth(
  { url, token }: { readonly url: string; readonly token: string | undefined },
  print: (line: string) => void,
): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const api = createApi({
    url,
    token,
    signal,
    timeoutMs,
    // The two types of a response differ only in name.
    fetch: (path, request) =>
      fetch(path, { ...(request as object), dispatcher: localAgent }) as unknown as Promise<Response>,
  });
  void (async () => {
    let shown = initiallyShown;
    while (!signal.aborted) {
      const health = await api.call('GET /v1/health').catch(() => undefined);
      if (signal.aborted) return;
      const next = healthLines(shown, health);
      shown = next.shown;
      for (const line of next.lines) print(line);
      await wait(pollIntervalMs, undefined, { signal }).catch(() => undefined);
    }
  })();
  return () => stopping.abort();
}
