import { isPermanent, openStream, type StreamType } from '@paceline/client';
import { useEffect } from 'react';
import { api, token, useStore } from './client.ts';
import { streamConnected, refresh } from './reads.ts';

const affectedPaths: Readonly<Record<StreamType, readonly string[]>> = {
  'run.changed': ['/v1/runs', '/v1/events'],
  'command.changed': ['/v1/commands'],
  'permits.changed': ['/v1/budgets', '/v1/queue', '/v1/permits'],
  conflict: ['/v1/budgets', '/v1/queue', '/v1/conflicts'],
  alert: ['/v1/alerts'],
  'alert.changed': ['/v1/alerts'],
  'source.changed': ['/v1/sources'],
  'freshness.measured': ['/v1/freshness'],
  'schedule.changed': ['/v1/schedule'],
};

/** Real ms. Changes within this time cause one refresh. */
const batchMs = 150;
const reconnectDelayMs = 1_000;

/** Listens while the tab is visible and the token is accepted; each start refreshes everything, to catch up. */
export function useStream(): void {
  const used = useStore(token);
  useEffect(() => {
    let stop = new AbortController();
    function restart(): void {
      stop.abort();
      stop = new AbortController();
      if (!document.hidden) void listen(stop.signal);
    }
    restart();
    document.addEventListener('visibilitychange', restart);
    return () => {
      document.removeEventListener('visibilitychange', restart);
      stop.abort();
    };
  }, [used]);
}

async function listen(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const error: unknown = await receive(signal).catch((reason: unknown) => reason);
    streamConnected.set(false);
    if (isPermanent(error)) return;
    await new Promise((resolve) => setTimeout(resolve, reconnectDelayMs));
  }
}

async function receive(signal: AbortSignal): Promise<void> {
  const events = await openStream(api, { signal });
  streamConnected.set(true);
  // A slow read must not keep the events waiting.
  void refresh('/v1');
  const pending = new Set<string>();
  for await (const { type } of events)
    // A newer API can send more types.
    for (const path of affectedPaths[type as StreamType] ?? []) scheduleRefresh(pending, path);
}

function scheduleRefresh(pending: Set<string>, path: string): void {
  if (pending.size === 0) {
    setTimeout(() => {
      for (const each of pending) void refresh(each);
      pending.clear();
    }, batchMs);
  }
  pending.add(path);
}
