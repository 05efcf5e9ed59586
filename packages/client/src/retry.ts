/** Real ms. A longer wait is for the caller to decide. */
const maxWaitMs = 30_000;

/**
 * Sends a request again while the API refuses it for the moment: too many requests, a service that is down, or the same
 * request still in progress. Each time after `Retry-After`; without that field, or once aborted, the response is final.
 */
export async function sendWithRetries(
  send: () => Promise<Response>,
  retries: number,
  signal: AbortSignal | null | undefined,
): Promise<Response> {
  for (let left = retries; ; left -= 1) {
    const response = await send();
    const waitMs = retryAfterMs(response);
    if (left <= 0 || waitMs === undefined || waitMs > maxWaitMs) return response;
    await pause(waitMs, signal);
    if (signal?.aborted) return response;
    await response.body?.cancel();
  }
}

/** The API and its proxies send seconds; a date would need this machine's clock to be right. */
function retryAfterMs({ ok, headers }: Response): number | undefined {
  const seconds = headers.get('retry-after');
  return ok || seconds === null || !/^\d+$/.test(seconds) ? undefined : Number(seconds) * 1_000;
}

/** Ends early when aborted. @param ms real ms */
export const pause = (ms: number, signal?: AbortSignal | null): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
