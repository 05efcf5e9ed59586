import { useEffect } from 'react';
import { open } from './client.ts';
import { live } from './live.ts';
import { refresh } from './reads.ts';
import { eventNames } from './server-sent.ts';
import type { StreamType } from './shapes.ts';

/** What to ask for anew when something is told. */
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
/** The API says something every 15 seconds, if only that it is there. */
const silentMs = 40_000;

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

async function listen(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await hear(stop).catch(() => undefined);
    live.set(false);
    await new Promise((resolve) => setTimeout(resolve, againAfterMs));
  }
}

async function hear(stop: AbortSignal): Promise<void> {
  const silence = new AbortController();
  let alarm = setTimeout(() => silence.abort(), silentMs);
  const pieces = await open('/v1/stream', AbortSignal.any([stop, silence.signal]));
  live.set(true);
  await refresh('/v1');
  const read = eventNames();
  const gathered = new Set<string>();
  for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
    clearTimeout(alarm);
    alarm = setTimeout(() => silence.abort(), silentMs);
    for (const name of read(piece.value)) {
      for (const path of touched[name as StreamType] ?? []) gather(gathered, path);
    }
  }
  clearTimeout(alarm);
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
