import { setTimeout as sleep } from 'node:timers/promises';
import { eventReader, type Heard } from '../core/sse.ts';
import { type Api, isPassing } from './client.ts';

/** Real ms. */
const againAfterMs = 1_000;
/** The API says something every 15 seconds, if only that it is there. */
const silentMs = 40_000;

/**
 * What happens, each thing once: after a broken connection it goes on behind what was heard last.
 * @param after the id to begin behind; undefined: with what happens from now on
 * @param onBroken is told why, each time that the connection is lost or can't be made again
 * @throws whatever keeps the first connection from being made, and what asking again can't cure
 */
export async function* follow(
  api: Api,
  { types, after }: { types: string | undefined; after: number | undefined },
  signal: AbortSignal,
  onBroken: (why: string) => void,
): AsyncGenerator<Heard> {
  let place = after;
  let connected = false;
  const path = `/v1/stream${types === undefined ? '' : `?types=${encodeURIComponent(types)}`}`;
  while (!signal.aborted) {
    const silence = new AbortController();
    let alarm = setTimeout(() => silence.abort(), silentMs);
    try {
      const headers: Record<string, string> = place === undefined ? {} : { 'last-event-id': String(place) };
      const pieces = await api.open(path, headers, AbortSignal.any([signal, silence.signal]));
      connected = true;
      const read = eventReader((id) => (place = id));
      for await (const piece of pieces) {
        clearTimeout(alarm);
        alarm = setTimeout(() => silence.abort(), silentMs);
        for (const heard of read(piece)) if (heard.type !== 'closing') yield heard;
      }
      onBroken('The API has ended the stream');
    } catch (error) {
      signal.throwIfAborted();
      // A body that breaks off is an error of its own kind, and passes as well.
      if (!connected || (error instanceof Error && error.name === 'ApiProblem' && !isPassing(error)))
        throw error;
      onBroken('The connection to the API is lost');
    } finally {
      clearTimeout(alarm);
    }
    await sleep(againAfterMs, undefined, { signal });
  }
}
