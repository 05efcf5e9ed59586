import type { Clock } from '@paceline/shared/clock';
import type { BudgetName } from '@paceline/shared/definition';
import type { Permit } from '@paceline/shared/limiter';
import type { UpstreamAnswer } from '@paceline/shared/upstreams/exchange';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { serializeList, Token } from 'structured-headers';
import { Problem } from '../http/problem.ts';
import { rateLimitFields } from '../http/rate-limit.ts';
import { answerHeaders } from './headers.ts';
import type { HideKey } from './hide-key.ts';

/** Says who answered (RFC 9209): this API, or upstream with the given status. */
export const proxyStatus = (parameters: Readonly<Record<string, string | number>>) => {
  const values = Object.entries(parameters).map(
    ([name, value]) => [name, typeof value === 'string' ? new Token(value) : value] as const,
  );
  return { 'proxy-status': serializeList([[new Token('paceline'), new Map(values)]]) };
};

/** @param at when the limiter expects one, project ms */
export function noPermit(clock: Clock, endpoint: string, at: number): Problem {
  const seconds = Math.max(1, Math.ceil(clock.toRealMs(at - clock.now()) / 1_000));
  const detail = `No ${endpoint} call can be made before ${new Date(at).toISOString()}; nothing was sent`;
  const headers = { 'retry-after': String(seconds), ...proxyStatus({ error: 'http_request_denied' }) };
  return new Problem('no-permit', detail, { headers });
}

export interface AnswerContext {
  readonly permit: Permit<BudgetName>;
  readonly hide: HideKey;
  readonly clock: Clock;
  /** Real ms until the call had its permit, and from then until upstream's headers. */
  readonly took: { readonly wait: number; readonly upstream: number };
}

/** Bytes up to which an answer that says its length is received first: in one piece it arrives sooner than as a stream. */
const maxWholeBytes = 16 * 1_024;

/**
 * Upstream's answer as the caller gets it. `sent` resolves with whether it was sent to its end.
 * @throws an error of the connection to upstream
 */
export async function passOn(
  { status, headers, failure, body }: UpstreamAnswer,
  { permit, hide, clock, took }: AnswerContext,
): Promise<{ response: Response; sent: Promise<boolean> }> {
  const init = {
    status,
    headers: {
      age: '0',
      ...answerHeaders(headers, hide),
      ...rateLimitFields(permit.left ?? [], clock.now(), (ms) => clock.toRealMs(ms) / 1_000),
      ...proxyStatus({ 'received-status': status }),
      'server-timing': `wait;dur=${took.wait.toFixed(1)}, upstream;dur=${took.upstream.toFixed(1)}`,
      'paceline-permit': permit.id,
    },
  };
  if (status === 204 || status === 205 || status === 304) {
    body.resume();
    return { response: new Response(null, init), sent: Promise.resolve(true) };
  }
  const bytes = failure?.bytes ?? (isShort(headers) ? await body.bytes() : undefined);
  if (bytes) return { response: new Response(hide.inBytes(bytes), init), sent: Promise.resolve(true) };
  const passed = hide.inStream();
  const sent = pipeline(body, passed).then(
    () => true,
    () => false,
  );
  return { response: new Response(Readable.toWeb(passed) as ReadableStream, init), sent };
}

/** A decoded answer has no length. */
function isShort(headers: Headers): boolean {
  const length = headers.get('content-length');
  return length !== null && Number(length) <= maxWholeBytes;
}
