import { openStream, type StreamType } from '@paceline/client';
import { useEffect } from 'react';
import { api } from './client.ts';
import { live, refresh } from './reads.ts';

const touched: Readonly<Record<StreamType, readonly string[]>> = {
  'run.changed': ['/v1/runs'],
  'command.changed': ['/v1/commands'],
  'permits.changed': ['/v1/budgets', '/v1/queue', '/v1/permits'],
  conflict: ['/v1/budgets', '/v1/queue', '/v1/conflicts'],
  alert: ['/v1/alerts'],
  'alert.changed': ['/v1/alerts'],
  'source.changed': ['/v1/sources'],
  'freshness.measured': ['/v1/freshness'],
  'schedule.changed': ['/v1/schedule'],
};

/** Real ms. Many changes at once are asked for together. */
const gatherMs = 150;
const againAfterMs = 1_000;

/** Listens for as long as somebody looks; whatever was missed before is asked for when it begins. */
export function useStream(): void {
  useEffect(() => {
    let stop = new AbortController();
    function turn(): void {
      stop.abort();
      stop = new AbortController();
      if (!document.hidden) void listen(stop.signal);
    }
    turn();
    document.addEventListener('visibilitychange', turn);
    return () => {
      document.removeEventListener('visibilitychange', turn);
      stop.abort();
    };
  }, []);
}

async function listen(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await hear(signal).catch(() => undefined);
    live.set(false);
    await new Promise((resolve) => setTimeout(resolve, againAfterMs));
  }
}

async function hear(signal: AbortSignal): Promise<void> {
  const events = await openStream(api, { signal });
  live.set(true);
  await refresh('/v1');
  const gathered = new Set<string>();
  for await (const { type } of events)
    // A newer API may tell more.
    for (const path of touched[type as StreamType] ?? []) gather(gathered, path);
}

function gather(gathered: Set<string>, path: string): void {
  if (gathered.size === 0) {
    setTimeout(() => {
      for (const each of gathered) void refresh(each);
      gathered.clear();
    }, gatherMs);
  }
  gathered.add(path);
}
