/** One event as `text/event-stream` writes it; `id` is what a client resumes behind. */
export const sseEvent = (type: string, data: unknown, id?: number): string =>
  `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

/** Nothing happened, up to `id`: keeps the connection open, and lets a client resume behind there. */
export const sseHeartbeat = (id: number): string => `: heartbeat\nid: ${id}\n\n`;

/** The first words of a stream: how long (real ms) a client waits before it connects again. */
export const sseOpening = (retryMs: number, id: number): string => `retry: ${retryMs}\nid: ${id}\n\n`;

/** The place that a client has seen last; undefined when it names none. */
export function lastEventId(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,15}$/.test(header)) return undefined;
  return Number(header);
}
